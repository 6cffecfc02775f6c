import { trimMarks } from '@callbay/core';

/** A key without the white space and the invisible marks at its ends. Source: case 74. */
export const trimKey = (key: string): string =>
  isVisible(key.charCodeAt(0)) && isVisible(key.charCodeAt(key.length - 1)) ? key : trimMarks(key);

/** Of ASCII, and so none of the marks. */
const isVisible = (code: number): boolean => code > 0x20 && code < 0x7f;
