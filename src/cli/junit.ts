/** Results of a run of test files, for `--junit`. */
export interface JunitSuite {
  readonly name: string;
  /** ISO 8601 without zone, as upstream writes it; empty when the file could not be read. */
  readonly timestamp: string;
  readonly cases: readonly { readonly name: string; readonly failures: readonly string[] }[];
  /** Why the file could not be run. */
  readonly error?: string | undefined;
}

/** JUnit's XML with upstream's elements and attributes. */
export function junitXml(suites: readonly JunitSuite[]): string {
  const written = suites.map(({ name, timestamp, cases, error }) => {
    const failures = cases.reduce((count, one) => count + one.failures.length, 0);
    const attributes = `name="${escapeXml(name)}" tests="${cases.length}" failures="${failures}" errors="${error === undefined ? 0 : 1}" skipped="0" timestamp="${timestamp}"`;
    const shown = cases.map(
      (one) =>
        `<testcase name="${escapeXml(one.name)}">${one.failures
          .map((failure) => `<failure>${escapeXml(failure)}</failure>`)
          .join('')}</testcase>`,
    );
    if (error !== undefined)
      shown.push(`<testcase name="unknown"><error>${escapeXml(error)}</error></testcase>`);
    return `<testsuite ${attributes}>${shown.join('')}</testsuite>`;
  });
  return `<testsuites>${written.join('')}</testsuites>`;
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&#34;',
  "'": '&#39;',
  '\n': '&#xA;',
  '\t': '&#x9;',
  '\r': '&#xD;',
};

/** Characters that XML cannot hold become the replacement character. */
const escapeXml = (text: string): string =>
  text
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd')
    .replace(/[&<>"'\n\t\r]/g, (char) => ENTITIES[char]!);
