import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';

/** Empty folders, each for one file at a time. A name may have 255 bytes, so nothing can be added to the name itself. */
export interface Slots {
  /** An empty folder below `<root>/<tenantId>`, made where none is free. */
  take(tenantId: string): string;
  /** Gives a folder back that was taken and is empty again. */
  give(tenantId: string, folder: string): void;
}

/** More free folders of a tenant than these are removed, so that a burst leaves no thousands behind. */
const MAX_FREE = 16;

export function createSlots(root: string): Slots {
  const free = new Map<string, string[]>();
  let made = 0;

  return {
    take(tenantId) {
      const known = free.get(tenantId)?.pop();
      if (known !== undefined) return known;
      made += 1;
      const folder = join(root, tenantId, made.toString(36));
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      return folder;
    },

    give(tenantId, folder) {
      const others = free.get(tenantId) ?? [];
      free.set(tenantId, others);
      if (others.length < MAX_FREE) others.push(folder);
      else rmdirSync(folder);
    },
  };
}
