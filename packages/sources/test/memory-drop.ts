import { CallbayError } from '@callbay/core';
import type {
  AuditEntry,
  DropEntry,
  DropFolder,
  DropView,
  FileReceiver,
  FileToReceive,
  JobQueue,
  SftpAccount,
  SftpAccountStore,
} from '@callbay/ingestion';
import { makeHostKeys } from '../src/index.ts';

export interface MemoryFile extends FileToReceive {
  readonly tenantId: string;
  readonly seq: number;
  receivedMs: number;
  modifiedAt: Date;
  folder: DropFolder;
  isOpen: boolean;
  isWithdrawn: boolean;
}

export interface MemoryDrop extends DropView, FileReceiver {
  readonly files: MemoryFile[];
  readonly refusals: { tenantId: string; name: string; sizeBytes: number; code: string; message?: string }[];
  readonly receipts: Map<string, Buffer>;
  /** Thrown by the next `receiveFile` calls while set. */
  failWith: Error | null;
  /** Of every tenant. */
  quotaBytes: number | null;
  nowMs: () => number;
  /** Ends the newest file of this name: it moves on. */
  move(name: string, folder: 'processed' | 'rejected'): void;
}

const RECENT_MS = 60_000;
const RENAMABLE_MS = 24 * 3_600_000;

/** The drop as the database would show it, for adapter tests. */
export function createMemoryDrop(): MemoryDrop {
  const files: MemoryFile[] = [];
  const receipts = new Map<string, Buffer>();
  const entryOf = (file: MemoryFile): DropEntry => file;
  const shown = (tenantId: string, folder: DropFolder) => {
    const newest = new Map<string, MemoryFile>();
    for (const file of files) {
      if (file.tenantId === tenantId && file.folder === folder && !file.isWithdrawn)
        newest.set(file.name, file);
    }
    return [...newest.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  };
  const receiptAt = (tenantId: string, name: string) => {
    const bytes = receipts.get(`${tenantId}/${name}`);
    return bytes === undefined
      ? null
      : { name, sizeBytes: bytes.length, modifiedAt: new Date(1_700_000_000_000) };
  };

  const drop: MemoryDrop = {
    files,
    refusals: [],
    receipts,
    failWith: null,
    quotaBytes: null,
    nowMs: Date.now,
    move(name, folder) {
      const file = files.findLast((candidate) => candidate.name === name);
      if (file === undefined) throw new Error(`no file ${name}`);
      file.folder = folder;
      file.isOpen = false;
    },
    async listFolder(tenantId, folder, { afterName, limit }) {
      return shown(tenantId, folder)
        .filter(({ name }) => afterName === null || name > afterName)
        .slice(0, limit)
        .map(entryOf);
    },
    async findFile(tenantId, folder, name) {
      const found = shown(tenantId, folder).find((file) => file.name === name);
      if (found !== undefined || folder !== 'data') return found ?? null;
      const newest = files.findLast((file) => file.tenantId === tenantId && file.name === name);
      if (newest === undefined || newest.isWithdrawn) return null;
      return drop.nowMs() - newest.receivedMs <= RECENT_MS ? newest : null;
    },
    async findRejected(tenantId, name) {
      const newest = files.findLast((file) => file.tenantId === tenantId && file.name === name);
      const isRecent = newest !== undefined && drop.nowMs() - newest.receivedMs <= RENAMABLE_MS;
      return isRecent && newest.folder === 'rejected' ? newest : null;
    },
    async receiveFile(tenantId, file) {
      const room = await drop.readRoom(tenantId);
      if (room !== null && file.sizeBytes > room) throw new CallbayError('QUOTA_EXCEEDED');
      if (drop.failWith !== null) throw drop.failWith;
      const seq = files.length + 1;
      const receivedMs = drop.nowMs();
      files.push({ ...file, tenantId, seq, receivedMs, folder: 'data', isOpen: true, isWithdrawn: false });
      return { fileId: file.fileId, receivedAt: new Date(receivedMs), seq };
    },
    async readRoom(tenantId) {
      if (drop.quotaBytes === null) return null;
      const own = files.filter((file) => file.tenantId === tenantId);
      return drop.quotaBytes - own.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
    },
    async recordRefusal(tenantId, { name, sizeBytes, code, message }) {
      drop.refusals.push({ tenantId, name, sizeBytes, code, ...(message ? { message } : {}) });
    },
    async withdrawFile(tenantId, fileId) {
      const file = files.find((candidate) => candidate.tenantId === tenantId && candidate.fileId === fileId);
      if (file === undefined || !file.isOpen) return false;
      file.isWithdrawn = true;
      file.isOpen = false;
      return true;
    },
    async setModifiedAt(tenantId, fileId, modifiedAt) {
      const file = files.find((candidate) => candidate.tenantId === tenantId && candidate.fileId === fileId);
      if (file !== undefined) file.modifiedAt = modifiedAt;
    },
    async listReceipts(tenantId, { afterName, limit }) {
      return [...receipts.keys()]
        .filter((key) => key.startsWith(`${tenantId}/`))
        .map((key) => key.slice(tenantId.length + 1))
        .sort()
        .filter((name) => afterName === null || name > afterName)
        .slice(0, limit)
        .flatMap((name) => receiptAt(tenantId, name) ?? []);
    },
    findReceipt: async (tenantId, name) => receiptAt(tenantId, name),
    readReceipt: async (tenantId, name) => receipts.get(`${tenantId}/${name}`) ?? null,
  };
  return drop;
}

export interface MemoryAccounts extends SftpAccountStore {
  readonly accounts: Map<string, SftpAccount>;
  readonly audit: (AuditEntry & { tenantId: string | null })[];
  readonly touched: string[];
  /** Thrown by `findAccount` while set. */
  failWith: Error | null;
  /** Tells every watcher that this user changed, as a database notification would. */
  announce(username: string): void;
}

/** Host keys are made once for all tests of a worker: RSA takes a second. */
const HOST_KEYS = makeHostKeys();

export function createMemoryAccounts(): MemoryAccounts {
  const watchers = new Set<(username: string) => void>();
  const store: MemoryAccounts = {
    accounts: new Map(),
    audit: [],
    touched: [],
    failWith: null,
    announce: (username) => {
      for (const watcher of watchers) watcher(username);
    },
    async findAccount(username) {
      if (store.failWith !== null) throw store.failWith;
      return store.accounts.get(username) ?? null;
    },
    async touchKey(_tenantId, keyId) {
      store.touched.push(keyId);
    },
    async appendAudit(tenantId, entry) {
      store.audit.push({ ...entry, tenantId });
    },
    loadHostKeys: async () => [...HOST_KEYS],
    async watchAccess(onChange) {
      watchers.add(onChange);
      return {
        async [Symbol.asyncDispose]() {
          watchers.delete(onChange);
        },
      };
    },
  };
  return store;
}

export interface MemoryQueue extends JobQueue {
  readonly jobs: string[];
  failWith: Error | null;
}

export function createMemoryQueue(): MemoryQueue {
  const queue: MemoryQueue = {
    jobs: [],
    failWith: null,
    async wakeReaders(tenantId, lane) {
      if (queue.failWith !== null) throw queue.failWith;
      queue.jobs.push(`${tenantId} ${lane}`);
    },
    async wakeManyReaders(waiting) {
      for (const { tenantId, lane } of waiting) await queue.wakeReaders(tenantId, lane);
    },
  };
  return queue;
}
