/**
 * The default e-mail: the same bytes as Alertmanager's (Apache-2.0), whose look goes back to Mailgun's transactional e-mail
 * templates (MIT, © 2014 Mailgun). Mail programs ignore style sheets, so every element carries its whole style; here the
 * shared parts are written once.
 */
export function defaultEmail(): string {
  return [
    '\n\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">',
    `<html xmlns="http://www.w3.org/1999/xhtml" style="${BASE}">`,
    HEAD,
    '',
    `<body itemscope itemtype="https://schema.org/EmailMessage" style="${BASE} -webkit-font-smoothing: antialiased; -webkit-text-size-adjust: none; height: 100%; line-height: 1.6em; background-color: #f6f6f6; width: 100%;">`,
    '',
    `<table class="body-wrap" style="${BASE} background-color: #f6f6f6; width: 100%;" width="100%" bgcolor="#f6f6f6">`,
    `  <tr style="${BASE}">`,
    `    <td style="${CELL}" valign="top"></td>`,
    `    <td class="container" width="600" style="${FONT} vertical-align: top; display: block; max-width: 600px; margin: 0 auto; clear: both;" valign="top">`,
    `      <div class="content" style="${FONT} max-width: 600px; margin: 0 auto; display: block; padding: 20px;">`,
    MAIN,
    '',
    FOOTER,
    '    </td>',
    `    <td style="${CELL}" valign="top"></td>`,
    '  </tr>',
    '</table>',
    '',
    '</body>',
    '</html>',
    '',
    '',
  ].join('\n');
}

const FAMILY = "font-family: 'Helvetica Neue', Helvetica, Arial, sans-serif; box-sizing: border-box;";
const FONT = `${FAMILY} font-size: 14px;`;
const BASE = `margin: 0; ${FONT}`;
const CELL = `${BASE} vertical-align: top;`;
const BLOCK = `${CELL} padding: 0 0 20px;`;

const HEAD = `<head>
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Type" content="text/html; charset=UTF-8">
<title>{{ template "__subject" . }}</title>
<style>
@media only screen and (max-width: 640px) {
${[
  ['body', 'padding: 0'],
  ['h1,\nh2,\nh3,\nh4', 'font-weight: 800', 'margin: 20px 0 5px'],
  ['h1', 'font-size: 22px'],
  ['h2', 'font-size: 18px'],
  ['h3', 'font-size: 16px'],
  ['.container', 'padding: 0', 'width: 100%'],
  ['.content', 'padding: 0'],
  ['.content-wrap', 'padding: 10px'],
  ['.invoice', 'width: 100%'],
]
  .map(
    ([selector, ...rules]) =>
      `  ${selector} {\n${rules.map((rule) => `    ${rule} !important;\n`).join('')}  }\n`,
  )
  .join('\n')}}
</style>
</head>`;

const TABLE = `<table width="100%" cellpadding="0" cellspacing="0" style="${BASE}">`;
const BREAK = `<br style="${BASE}">`;

/** @param end what upstream's line has at its end */
const banner = (name: string, color: string, end: string): string =>
  `            <td class="alert alert-${name}" style="margin: 0; ${FAMILY} vertical-align: top; font-size: 16px; color: #fff; font-weight: 500; padding: 20px; text-align: center; border-radius: 3px 3px 0 0; background-color: ${color};" valign="top" align="center" bgcolor="${color}">
              {{ len .Alerts }} alert{{ if gt (len .Alerts) 1 }}s{{ end }} for {{ range .GroupLabels.SortedPairs }}
                {{ .Name }}={{ .Value }}${end}
              {{ end }}
            </td>`;

/** A row of the table of alerts; its content starts on a line of its own. */
const row = (content: string): string => `                <tr style="${BASE}">
                  <td class="content-block" style="${BLOCK}" valign="top">
${content}
                  </td>
                </tr>`;

const strong = (content: string): string => `<strong style="${BASE}">${content}</strong>`;
const heading = (state: string): string =>
  row(`                    ${strong(`[{{ len .Alerts.${state} }}] ${state}`)}`);
const pairs = (field: string): string =>
  `                    {{ range .${field}.SortedPairs }}{{ .Name }} = {{ .Value }}${BREAK}{{ end }}`;

const ALERT = row(
  [
    `                    ${strong('Labels')}${BREAK}`,
    pairs('Labels'),
    `                    {{ if .Annotations }}${strong('Annotations')}${BREAK}{{ end }}`,
    pairs('Annotations'),
    `                    <a href="{{ .GeneratorURL }}" style="${BASE} color: #348eda; text-decoration: underline;">Source</a>${BREAK}`,
  ].join('\n'),
);

/**
 * The most alerts of each state that the default mail names; it counts them all. Upstream names every one, and a mail of some hundreds
 * passes what a template may write and what mail servers take.
 */
const MAX_MAILED = { Firing: 150, Resolved: 50 } as const;

/** As upstream up to the most that is named; above, a row says how many there are. */
const alerts = (state: keyof typeof MAX_MAILED): string => {
  const max = MAX_MAILED[state];
  const more = `                    The first ${max} of {{ len .Alerts.${state} }} ${state.toLowerCase()} alerts are listed here.`;
  const listed = `{{ $listed := .Alerts.${state} }}{{ if gt (len $listed) ${max} }}{{ $listed = slice $listed 0 ${max} }}{{ end }}`;
  return `                ${listed}{{ range $listed }}
${ALERT}
                {{ end }}{{ if gt (len .Alerts.${state}) ${max} }}
${row(more)}
                {{ end }}`;
};

const RULER = row(
  [BREAK, `<hr style="${BASE}">`, BREAK].map((line) => `                    ${line}`).join('\n'),
);

const BUTTON = row(
  `                    <a href="{{ template "__alertmanagerURL" . }}" class="btn-primary" style="${BASE} text-decoration: none; color: #FFF; background-color: #348eda; border: solid #348eda; border-width: 10px 20px; line-height: 2em; font-weight: bold; text-align: center; cursor: pointer; display: inline-block; border-radius: 5px; text-transform: capitalize;">View in {{ template "__alertmanager" . }}</a>`,
);

const MAIN = `        <table class="main" width="100%" cellpadding="0" cellspacing="0" style="${BASE} background-color: #fff; border: 1px solid #e9e9e9; border-radius: 3px;" bgcolor="#fff">
          <tr style="${BASE}">
            {{ if .Alerts.Firing }}
${banner('warning', '#E6522C', '')}
            {{ else }}
${banner('good', '#68B90F', ' ')}
            {{ end }}
          </tr>
          <tr style="${BASE}">
            <td class="content-wrap" style="${CELL} padding: 30px;" valign="top">
              ${TABLE}
${BUTTON}
                {{ if .Alerts.Firing }}
${heading('Firing')}
                {{ end }}
${alerts('Firing')}

                {{ if .Alerts.Resolved }}
                  {{ if .Alerts.Firing }}
${RULER}
                  {{ end }}
${heading('Resolved')}
                {{ end }}
${alerts('Resolved')}
              </table>
            </td>
          </tr>
        </table>`;

const FOOTER = `        <div class="footer" style="${BASE} width: 100%; clear: both; color: #999; padding: 20px;">
          <table width="100%" style="${BASE}">
            <tr style="${BASE}">
              <td class="aligncenter content-block" style="margin: 0; ${FAMILY} vertical-align: top; padding: 0 0 20px; text-align: center; color: #999; font-size: 12px;" valign="top" align="center"><a href="{{ .ExternalURL }}" style="margin: 0; ${FAMILY} text-decoration: underline; color: #999; font-size: 12px;">Sent by {{ template "__alertmanager" . }}</a></td>
            </tr>
          </table>
        </div></div>`;
