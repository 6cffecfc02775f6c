/** Whether a key falls into slice `nth` of `of`, by its hash: the planner never sees a slice as selective. */
export const isInSliceSql = (key: string, nth: string, of: string): string =>
  `(hashtext(${key}) & 2147483647) % ${of}::int = ${nth}::int`;
