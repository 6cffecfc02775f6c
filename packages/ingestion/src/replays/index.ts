export * from './ports.ts';
export { type ReplayManyDeps, replayMany } from './replay-many.ts';
