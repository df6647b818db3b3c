import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Incident, IncidentFacts } from '../data/incidents.ts';
import { problemText } from '../data/problem.ts';
import { AuthorField, useAuthor } from '../parts/author.tsx';
import { useResource, useSession } from '../session.ts';

interface IncidentDialogProps {
  /** What is known already: an incident that is changed, or what a new one starts from. */
  readonly from: Partial<IncidentFacts> & { readonly id?: number };
  /** Called with the incident once it is stored, or with nothing. */
  onClose(stored: Incident | undefined): void;
}

/** A new incident, or the facts of one that is there. */
export function IncidentDialog({ from, onClose }: IncidentDialogProps) {
  const { api } = useSession();
  const author = useAuthor();
  const dialog = useRef<HTMLDialogElement>(null);
  const known = useResource((abort) => api.incidents.services(abort), []).data.value;
  const [title, setTitle] = useState(from.title ?? '');
  const [services, setServices] = useState<readonly string[]>(from.services ?? []);
  const [matchers, setMatchers] = useState(from.matchers ?? '');
  const [isPublic, setIsPublic] = useState(from.isPublic ?? false);
  const [text, setText] = useState('');
  const [problem, setProblem] = useState<string>();
  const isNew = from.id === undefined;

  useLayoutEffect(() => dialog.current?.showModal(), []);

  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const facts = { title: title.trim(), services, matchers: matchers.trim(), isPublic };
    if (facts.title === '') return setProblem('Give it a title.');
    try {
      const stored =
        from.id === undefined
          ? await api.incidents.begin({
              ...facts,
              status: 'investigating',
              text: text.trim(),
              author: author.name,
            })
          : await api.incidents.change(from.id, facts);
      author.keep();
      onClose(stored);
    } catch (error) {
      setProblem(problemText(error));
    }
  };
  const toggle = (name: string): void =>
    setServices(services.includes(name) ? services.filter((one) => one !== name) : [...services, name]);
  const choices = [
    ...new Set([...(known?.services.map(({ name }) => name) ?? []), ...(from.services ?? [])]),
  ];

  return (
    <dialog class="dialog" ref={dialog} aria-labelledby="incident-title" onClose={() => onClose(undefined)}>
      <form onSubmit={(event) => void submit(event)}>
        <h2 id="incident-title">{isNew ? 'New incident' : 'Change the incident'}</h2>
        <label class="field">
          <span>Title</span>
          <input
            class="input"
            value={title}
            maxLength={200}
            placeholder="Payments are slow"
            onInput={(event) => setTitle(event.currentTarget.value)}
            autofocus
          />
        </label>
        {isNew && (
          <label class="field">
            <span>What is known</span>
            <textarea
              class="input"
              rows={3}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          </label>
        )}
        {choices.length > 0 && (
          <fieldset class="field">
            <legend>Affected</legend>
            <span class="choices">
              {choices.map((name) => (
                <label key={name} class="choice">
                  <input type="checkbox" checked={services.includes(name)} onChange={() => toggle(name)} />{' '}
                  {name}
                </label>
              ))}
            </span>
          </fieldset>
        )}
        <label class="field">
          <span>Its alerts, by their labels</span>
          <input
            class="input mono"
            value={matchers}
            spellcheck={false}
            placeholder={'service="payments"'}
            onInput={(event) => setMatchers(event.currentTarget.value)}
          />
        </label>
        <p class="field-note">Those of the affected services belong to it as well.</p>
        {known?.statusPage != null && (
          <label class="choice">
            <input
              type="checkbox"
              checked={isPublic}
              onChange={(event) => setIsPublic(event.currentTarget.checked)}
            />{' '}
            On the status page, for everybody
          </label>
        )}
        {isNew && <AuthorField author={author} />}
        {problem !== undefined && (
          <p class="error-note" role="alert">
            {problem}
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
          <button type="submit" class="button is-primary">
            {isNew ? 'Begin' : 'Save'}
          </button>
        </div>
      </form>
    </dialog>
  );
}
