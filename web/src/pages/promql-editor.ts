import {
  autocompletion,
  closeBrackets,
  closeBracketsKeymap,
  completionKeymap,
} from '@codemirror/autocomplete';
import { defaultKeymap, history, historyKeymap, insertNewlineAndIndent } from '@codemirror/commands';
import { bracketMatching, HighlightStyle, indentOnInput, syntaxHighlighting } from '@codemirror/language';
import { lintKeymap } from '@codemirror/lint';
import { EditorState, Prec } from '@codemirror/state';
import { EditorView, keymap, placeholder } from '@codemirror/view';
import { tags } from '@lezer/highlight';
import { PromQLExtension } from '@prometheus-io/codemirror-promql';

export interface PromqlEditor {
  value(): string;
  setValue(text: string): void;
  focus(): void;
  destroy(): void;
}

export interface PromqlEditorOptions {
  readonly value: string;
  /** The page's root, with a slash at its end: names for completion come from the API under it. */
  readonly base: string;
  readonly label: string;
  readonly hint: string;
  onChange(text: string): void;
  onRun(): void;
}

/** How far back names are looked for, ms. */
const LOOKBACK_MS = 12 * 3_600_000;

/**
 * An editor that completes metrics, labels, values and functions and underlines what cannot be parsed. It lives in a shadow tree:
 * there its styles are constructed sheets, which a content security policy without inline styles allows.
 */
export function createPromqlEditor(host: HTMLElement, options: PromqlEditorOptions): PromqlEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: 'open' });
  const promql = new PromQLExtension().setComplete({
    remote: {
      url: options.base.replace(/\/$/, ''),
      httpMethod: 'GET',
      lookbackInterval: LOOKBACK_MS,
      // Without an answer there are no names to complete; what is wrong with the server the page says elsewhere.
      httpErrorHandler: () => {},
    },
  });
  let isSetting = false;
  const run = (): boolean => {
    options.onRun();
    return true;
  };
  const view = new EditorView({
    parent: root,
    root,
    state: EditorState.create({
      doc: options.value,
      extensions: [
        history(),
        bracketMatching(),
        closeBrackets(),
        indentOnInput(),
        autocompletion({ icons: false }),
        syntaxHighlighting(HIGHLIGHT),
        promql.asExtension(),
        LOOK,
        EditorView.lineWrapping,
        placeholder(options.hint),
        EditorView.contentAttributes.of({ 'aria-label': options.label, spellcheck: 'false' }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !isSetting) options.onChange(update.state.doc.toString());
        }),
        keymap.of([...closeBracketsKeymap, ...completionKeymap, ...lintKeymap]),
        Prec.high(
          keymap.of([
            { key: 'Shift-Enter', run: insertNewlineAndIndent },
            { key: 'Mod-Enter', run },
          ]),
        ),
        keymap.of([{ key: 'Enter', run }, ...historyKeymap, ...defaultKeymap]),
      ],
    }),
  });
  return {
    value: () => view.state.doc.toString(),
    setValue(text) {
      if (text === view.state.doc.toString()) return;
      isSetting = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      isSetting = false;
    },
    focus: () => view.focus(),
    destroy() {
      promql.destroy();
      view.destroy();
    },
  };
}

/** The page's own tokens: custom properties reach into the shadow tree, so both themes come by themselves. */
const HIGHLIGHT = HighlightStyle.define([
  { tag: [tags.string, tags.special(tags.string)], color: 'var(--ok-text)' },
  { tag: [tags.number, tags.literal], color: 'var(--pending-text)' },
  {
    tag: [tags.function(tags.variableName), tags.keyword, tags.operatorKeyword, tags.modifier],
    color: 'var(--bell-text)',
  },
  { tag: [tags.labelName, tags.operator, tags.paren, tags.squareBracket, tags.brace], color: 'var(--dim)' },
  { tag: tags.comment, color: 'var(--dim)', fontStyle: 'italic' },
  { tag: tags.invalid, color: 'var(--firing-text)' },
]);

const LOOK = EditorView.theme({
  '&': {
    fontSize: '13px',
    color: 'var(--text)',
    backgroundColor: 'var(--surface)',
    borderRadius: 'var(--radius)',
  },
  '&.cm-focused': { outline: '2px solid var(--bell)', outlineOffset: '2px' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '20px', maxHeight: '240px' },
  '.cm-content': { padding: '5px 0', minHeight: '42px', caretColor: 'var(--text)' },
  '.cm-line': { padding: '0 8px' },
  '.cm-cursor': { borderLeftColor: 'var(--text)' },
  '.cm-placeholder': { color: 'var(--dim)' },
  '&.cm-focused .cm-selectionBackground, .cm-selectionBackground': { backgroundColor: 'var(--bell-tint)' },
  '.cm-matchingBracket, &.cm-focused .cm-matchingBracket': {
    backgroundColor: 'var(--bell-tint)',
    outline: 'none',
  },
  '.cm-tooltip': {
    border: '1px solid var(--line)',
    borderRadius: 'var(--radius)',
    backgroundColor: 'var(--raised)',
    color: 'var(--text)',
    boxShadow: 'var(--shadow)',
    overflow: 'hidden',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul': {
    fontFamily: 'var(--mono)',
    fontSize: '12px',
    maxHeight: '280px',
  },
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px', lineHeight: '18px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--bell-tint)',
    color: 'var(--text)',
  },
  '.cm-completionMatchedText': { textDecoration: 'none', fontWeight: '600', color: 'var(--bell-text)' },
  '.cm-completionDetail': { fontStyle: 'normal', color: 'var(--dim)' },
  '.cm-tooltip.cm-completionInfo': { padding: '8px 10px', maxWidth: '340px', fontFamily: 'var(--sans)' },
  '.cm-diagnostic': { padding: '4px 8px', fontFamily: 'var(--sans)', fontSize: '12px' },
  '.cm-diagnostic-error': { borderLeft: '3px solid var(--firing)' },
});
