import { useEffect, useRef, useState } from 'preact/hooks';
import { lazyPart } from '../lazy-part.ts';
import { useSession } from '../session.ts';
import type { PromqlEditor } from './promql-editor.ts';

interface QueryEditorProps {
  /** What was run. When it changes, the editor shows it; while it does not, what is written stands. */
  readonly ran: string;
  readonly value: string;
  readonly label: string;
  onChange(text: string): void;
  onRun(): void;
}

const HINT = 'An expression, for example  rate(http_requests_total[5m])';

/** Where an expression is written: a plain field at once, the editor with completion as soon as it has come. */
export function QueryEditor({ ran, value, label, onChange, onRun }: QueryEditorProps) {
  const { api, clock } = useSession();
  const host = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLTextAreaElement>(null);
  const editor = useRef<PromqlEditor | undefined>(undefined);
  const latest = useRef({ value, onChange, onRun });
  latest.current = { value, onChange, onRun };
  const [isThere, setIsThere] = useState(false);

  useEffect(() => {
    let isGone = false;
    lazyPart(() => import('./promql-editor.ts'), clock.now()).then(
      ({ createPromqlEditor }) => {
        if (isGone || !host.current) return;
        const hadFocus = document.activeElement === field.current;
        editor.current = createPromqlEditor(host.current, {
          value: latest.current.value,
          base: api.base,
          label,
          hint: HINT,
          onChange: (text) => latest.current.onChange(text),
          onRun: () => latest.current.onRun(),
        });
        setIsThere(true);
        if (hadFocus) editor.current.focus();
      },
      () => {
        // The plain field stays; it does all but complete.
      },
    );
    return () => {
      isGone = true;
      editor.current?.destroy();
      editor.current = undefined;
    };
  }, []);
  // Never by what is written: that comes back a moment late, and would undo the next letter.
  useEffect(() => editor.current?.setValue(ran), [ran]);

  return (
    <div class="query-editor">
      <div ref={host} class="query-host" hidden={!isThere} />
      {!isThere && (
        <textarea
          ref={field}
          class="input mono query-input"
          aria-label={label}
          rows={Math.min(12, Math.max(2, value.split('\n').length))}
          value={value}
          placeholder={HINT}
          spellcheck={false}
          autocapitalize="off"
          onInput={(event) => onChange(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key === 'Enter' && !event.shiftKey) {
              event.preventDefault();
              onRun();
            }
          }}
        />
      )}
    </div>
  );
}
