import type { Connection, SFTPWrapper } from 'ssh2';
import { PACKET_LIMITS } from './limits.ts';

/**
 * Everything the drop needs of ssh2 that ssh2 does not offer: extensions in VERSION, replies to EXTENDED, the
 * channel's window, the exit status, a disconnect that says why. All of it is applied to one instance from outside, and `openInternals`
 * throws when ssh2's insides have moved, so that an upgrade fails its first test and not its first customer.
 */
interface Ssh2Sftp {
  readonly server: boolean;
  _version: number;
  _extensions: Record<string, string>;
  _maxInPktLen: number;
  readonly _buffer: Buffer[];
  _waitWindow: boolean;
  _chunkcb: unknown;
  readonly _protocol: {
    channelData(channel: number, bytes: Buffer): void;
    channelWindowAdjust(channel: number, bytes: number): void;
    exitStatus(channel: number, code: number): void;
  };
  readonly incoming: { id: number; window: number; state: string };
  readonly outgoing: { id: number; window: number; packetSize: number; state: string };
  push(bytes: Buffer | null): unknown;
  status(requestId: number, code: number, message?: string): void;
  emit(event: string, ...values: unknown[]): boolean;
  destroy(): void;
}

const INIT = 1;
const VERSION = 2;
const EXTENDED_REPLY = 201;
/** ssh2's own figures (Channel.js): a shut window is opened again to this. */
const FULL_WINDOW = 2 * 1024 * 1024;
const MAX_INIT_BYTES = 4096;

const uint32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
export const uint64 = (value: number | bigint): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
const string = (value: string): Buffer => {
  const bytes = Buffer.from(value);
  return Buffer.concat([uint32(bytes.length), bytes]);
};
const packet = (type: number, ...parts: Buffer[]): Buffer => {
  const body = Buffer.concat([Buffer.from([type]), ...parts]);
  return Buffer.concat([uint32(body.length), body]);
};

function openInternals(wrapper: SFTPWrapper): Ssh2Sftp {
  const sftp = wrapper as unknown as Ssh2Sftp;
  const isAsKnown =
    sftp.server === true &&
    sftp._version === -1 &&
    sftp._maxInPktLen >= PACKET_LIMITS.packet &&
    Array.isArray(sftp._buffer) &&
    typeof sftp.push === 'function' &&
    typeof sftp.destroy === 'function' &&
    typeof sftp._protocol?.channelData === 'function' &&
    typeof sftp._protocol.channelWindowAdjust === 'function' &&
    typeof sftp._protocol.exitStatus === 'function' &&
    typeof sftp.incoming?.window === 'number' &&
    typeof sftp.outgoing?.window === 'number' &&
    typeof sftp.outgoing.packetSize === 'number';
  if (!isAsKnown) throw new Error('The insides of ssh2 have moved: review ssh2-internals.ts.');
  return sftp;
}

export interface SftpChannel {
  extendedReply(requestId: number, ...parts: Buffer[]): void;
  /** Whether replies wait for the client to open its window. */
  isClientSlow(): boolean;
  /** How many bytes of them. */
  bufferedBytes(): number;
  /** Lets the client send again after `isBusy` held it back. */
  openWindow(): void;
  /** Ends the channel as a program that exited with 0: without it scp fails and sftp hangs. */
  exit(): void;
}

export interface ChannelHooks {
  /** Names and versions announced to the client. */
  readonly extensions: Readonly<Record<string, string>>;
  /** While true the client's window is not opened further: it can send 2 MB and no more. */
  readonly isBusy: () => boolean;
}

export function extendSftp(wrapper: SFTPWrapper, hooks: ChannelHooks): SftpChannel {
  const sftp = openInternals(wrapper);
  const stockPush = sftp.push;
  let head: Buffer = Buffer.alloc(0);
  let isGreeted = false;
  let isBroken = false;

  function send(bytes: Buffer): void {
    const { outgoing } = sftp;
    if (outgoing.state !== 'open') return;
    if (sftp._buffer.length > 0 || outgoing.window < bytes.length || outgoing.packetSize < bytes.length) {
      sftp._buffer.push(bytes); // ssh2 sends these when the window opens
      return;
    }
    outgoing.window -= bytes.length;
    sftp._protocol.channelData(outgoing.id, bytes);
  }

  /** ssh2 throws where a packet ends before a part that ssh2 takes for granted. Such a session ends, and no other one. */
  function parse(bytes: Buffer): void {
    try {
      stockPush.call(sftp, bytes);
    } catch (error) {
      isBroken = true;
      sftp.emit('error', error);
      sftp.destroy();
    }
  }

  /** Answers INIT in ssh2's place, since its own VERSION names no extensions. False until INIT is whole. */
  function greet(bytes: Buffer): boolean {
    head = Buffer.concat([head, bytes]);
    if (head.length < 5) return false;
    const length = head.readUInt32BE(0);
    isGreeted = true;
    // Anything but a plain INIT goes to ssh2, which reports the error.
    if (head[4] !== INIT || length < 5 || length > MAX_INIT_BYTES) {
      parse(head);
      return true;
    }
    isGreeted = head.length >= 4 + length;
    if (!isGreeted) return false;
    const names = Object.entries(hooks.extensions).flatMap(([name, version]) => [
      string(name),
      string(version),
    ]);
    send(packet(VERSION, uint32(3), ...names));
    sftp._version = head.readUInt32BE(5);
    sftp._extensions = {};
    sftp.emit('ready');
    if (head.length > 4 + length) parse(head.subarray(4 + length));
    return true;
  }

  sftp.push = (bytes) => {
    if (bytes === null) return stockPush.call(sftp, bytes);
    if (isBroken) return false;
    if (isGreeted) parse(bytes);
    else greet(bytes);
    // ssh2 opens the client's window after every push that does not answer false.
    return hooks.isBusy() ? false : undefined;
  };

  return {
    extendedReply: (requestId, ...parts) => send(packet(EXTENDED_REPLY, uint32(requestId), ...parts)),
    isClientSlow: () => sftp._buffer.length > 0,
    bufferedBytes: () => sftp._buffer.reduce((sum, bytes) => sum + bytes.length, 0),
    openWindow() {
      const missing = FULL_WINDOW - sftp.incoming.window;
      if (missing < FULL_WINDOW / 2 || sftp.outgoing.state === 'closed') return;
      sftp.incoming.window += missing;
      sftp._protocol.channelWindowAdjust(sftp.outgoing.id, missing);
    },
    exit() {
      if (sftp.outgoing.state === 'open') sftp._protocol.exitStatus(sftp.outgoing.id, 0);
      wrapper.end();
    },
  };
}

interface Ssh2Connection {
  readonly _protocol: {
    readonly _packetRW: {
      readonly write: {
        /** Where a packet's payload begins, also in the middle of a key exchange. */
        readonly allocStartKEX: number;
        alloc(payloadBytes: number, isDuringKex: boolean): Buffer;
        finalize(packet: Buffer, isDuringKex: boolean): Buffer;
      };
    };
    readonly _cipher: { encrypt(packet: Buffer): void };
  };
}

const DISCONNECT = 1;

/** Reason codes of SSH's DISCONNECT. */
export const DISCONNECT_REASON = {
  SERVICE_NOT_AVAILABLE: 7,
  BY_APPLICATION: 11,
  TOO_MANY_CONNECTIONS: 12,
} as const;

/** Sends DISCONNECT with a sentence, which clients print. ssh2's own has room for none. The socket stays open. */
export function sendDisconnect(client: Connection, reason: number, sentence: string): void {
  const { _protocol: protocol } = client as unknown as Ssh2Connection;
  const write = protocol?._packetRW?.write;
  if (typeof write?.allocStartKEX !== 'number' || typeof protocol._cipher?.encrypt !== 'function')
    throw new Error('The insides of ssh2 have moved: review ssh2-internals.ts.');
  const payload = Buffer.concat([Buffer.from([DISCONNECT]), uint32(reason), string(sentence), string('')]);
  const at = write.allocStartKEX;
  const packet = write.alloc(payload.length, true);
  payload.copy(packet, at);
  protocol._cipher.encrypt(write.finalize(packet, true));
}
