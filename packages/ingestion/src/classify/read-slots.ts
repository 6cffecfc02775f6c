/** How many long files this process may read at once: small ones must find a process of the pool all the same. */
export interface ReadSlots {
  /** Null where all are taken. */
  take(): Disposable | null;
}

export function createReadSlots({ total }: { total: number }): ReadSlots {
  let taken = 0;
  return {
    take() {
      if (taken >= total) return null;
      taken += 1;
      return {
        [Symbol.dispose]: () => {
          taken -= 1;
        },
      };
    },
  };
}
