import { existsSync, readFileSync } from 'node:fs';
import { createRequire, Module } from 'node:module';
import type ssh2Library from 'ssh2';

/**
 * ssh2's compiled ciphers: `safe`, `absent`, or `unsafe`, when they were compiled against Node's own ObjectWrap.
 * That one aborts the whole process when a garbage collection, begun inside compiled JavaScript, meets the cipher
 * of a connection that has ended; `native/object-wrap.h` is the cure, at build time.
 */
export type NativeCiphers = 'safe' | 'unsafe' | 'absent';

/** The symbol that only a binding with the unsafe ObjectWrap asks Node for. */
const UNSAFE_SYMBOL = 'RemoveEnvironmentCleanupHook';

const require = createRequire(import.meta.url);
const bindingPath = require
  .resolve('ssh2')
  .replace(/index\.js$/, 'protocol/crypto/build/Release/sshcrypto.node');

/** What the binding in this file is. */
export function inspectCiphers(path: string): NativeCiphers {
  if (!existsSync(path)) return 'absent';
  return readFileSync(path).includes(UNSAFE_SYMBOL) ? 'unsafe' : 'safe';
}

export const nativeCiphers: NativeCiphers = inspectCiphers(bindingPath);

if (nativeCiphers === 'unsafe' && require.cache[bindingPath] === undefined) {
  // ssh2 takes a binding that it cannot unpack for an absent one, and goes on with Node's own ciphers: slower, alive.
  const blocked = new Module(bindingPath);
  blocked.exports = null;
  blocked.loaded = true;
  require.cache[bindingPath] = blocked;
}

/** ssh2, loaded after its ciphers were looked at. Import it from here, never from `ssh2` itself. */
export const ssh2: typeof ssh2Library = require('ssh2');
