/** A mistake in a template, or in its use of the data it was given; the message reads as Go's `text/template` writes it. */
export class TemplateError extends Error {
  override readonly name = 'TemplateError';
}
