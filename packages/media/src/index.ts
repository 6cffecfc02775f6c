/**
 * Reads a bounded part of a recording and says what it is: media or not, of what type and length, whole or cut short.
 * It never decodes sound, never reads a whole file, never judges a call and never lets a parser's error out.
 * The ingestion use case that classifies a recording calls it, inside a pool process that may die.
 */
export { inspectMedia, type MediaInspection } from './inspect-media.ts';
