import { createRequire } from 'node:module';
import { nativeCiphers } from '../src/sftp/ssh2.ts';

/** Makes and forgets ciphers, as a server does at every login, with collections that begin in compiled code. */
const require = createRequire(import.meta.url);
const { bindingAvailable } = require('ssh2/lib/protocol/crypto.js') as { bindingAvailable: boolean };

function churn(count: number): number {
  let sum = 0;
  for (let index = 0; index < count; index += 1) {
    const made = { index, pair: [index, index + 1], text: `${index}` };
    Object.assign(globalThis, { kept: made });
    sum += made.pair.length;
  }
  return sum;
}

if (bindingAvailable) {
  const binding = require('ssh2/lib/protocol/crypto/build/Release/sshcrypto.node') as {
    AESGCMCipher: new (name: string, key: Buffer, iv: Buffer) => object;
  };
  for (let round = 0; round < 500; round += 1) {
    for (let made = 0; made < 20; made += 1) {
      new binding.AESGCMCipher('aes-128-gcm', Buffer.alloc(16), Buffer.alloc(12));
    }
    churn(20_000);
  }
}
process.stdout.write(`${nativeCiphers} ${bindingAvailable ? 'used' : 'unused'}`);
