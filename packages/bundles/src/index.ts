/**
 * Opens bundles: zip archives with one recording, its metadata and its transcript. Only members that the guard has
 * accepted are written, each to a path of ours, as a stream. It never reads a database and is called in a child process.
 */
export { BundleError } from './bundle-error.ts';
export { type OpenedBundle, type OpenedMember, openBundle } from './open-bundle.ts';
