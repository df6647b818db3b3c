/** An evaluation that failed; the message is what the API shows as the rule's last error. */
export class RuleError extends Error {
  override readonly name = 'RuleError';
}
