import type { TaskTable } from './child-pool.ts';
import { endWithParent } from './end-with-parent.ts';
import type { ChildMessage, TaskEnd } from './reading-child.ts';

/**
 * Makes this process a child of a pool: it works the tasks that its parent sends, one at a time. `warmUp` loads what the
 * first task would wait for.
 */
export async function serveTasks(tasks: TaskTable, warmUp: () => Promise<void>): Promise<void> {
  endWithParent();
  process.on('disconnect', () => process.kill(process.pid, 'SIGKILL'));
  await warmUp();
  process.on('message', ({ name, payload }: { name: string; payload: never }) => {
    send({ is: 'begun' });
    void work(tasks, name, payload).then(send);
  });
  send({ is: 'ready' });
}

async function work(tasks: TaskTable, name: string, payload: never): Promise<TaskEnd> {
  try {
    return { is: 'done', result: await tasks[name]!(payload) };
  } catch (error) {
    const { message, stack } = error instanceof Error ? error : new Error(String(error));
    return { is: 'failed', message, stack };
  }
}

function send(message: ChildMessage): void {
  process.send!(message, undefined, undefined, (error: Error | null) => {
    if (error) process.kill(process.pid, 'SIGKILL');
  });
}
