/** Why an archive is refused, in a sentence for its sender. It holds no value of the archive but lengths and positions. */
export class BundleError extends Error {
  override readonly name = 'BundleError';
}
