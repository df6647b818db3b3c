import type { ComponentChildren } from 'preact';
import { ApiError } from '../data/api.ts';
import type { Resource } from '../data/resource.ts';
import { durationText } from '../format/duration.ts';
import { useSession } from '../session.ts';
import { Icon } from './icons.tsx';

/** Grey bars of the final size; they appear only when the answer takes longer than 400 ms. */
export function Skeleton({ rows = 3, height = 36 }: { readonly rows?: number; readonly height?: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, i) => (
        <div class="skeleton-row" key={i} style={{ height: `${height - 8}px` }} />
      ))}
    </div>
  );
}

interface EmptyProps {
  readonly title: string;
  /** What to do next. */
  readonly children?: ComponentChildren;
  /** Text to paste, such as YAML. */
  readonly code?: string;
}

export function Empty({ title, children, code }: EmptyProps) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children !== undefined && <p class="empty-text">{children}</p>}
      {code !== undefined && <pre class="code">{code}</pre>}
    </div>
  );
}

interface ErrorNoteProps {
  /** What could not be done. */
  readonly what: string;
  readonly error: Error;
  retry?(): void;
}

export function ErrorNote({ what, error, retry }: ErrorNoteProps) {
  return (
    <div class="error-note" role="alert">
      {what !== '' && <span class="error-what">{what} </span>}
      <span class="error-why">{sentence(error.message)}</span>
      {retry && (
        <button type="button" class="button is-small" onClick={() => retry()}>
          Try again
        </button>
      )}
    </div>
  );
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** What was asked is wrong: asking the same again helps nobody. */
const isMistake = (error: Error): boolean =>
  error instanceof ApiError && (error.status === 400 || error.status === 422);

interface ViewProps<T> {
  readonly resource: Resource<T>;
  /** What is loaded, for the error: "The targets could not be loaded." */
  readonly what: string;
  readonly skeleton?: ComponentChildren;
  children(data: T): ComponentChildren;
}

/** Draws a resource in whatever state it is: loading, failed, stale or there. */
export function View<T>({ resource, what, skeleton, children }: ViewProps<T>) {
  const { now } = useSession();
  const data = resource.data.value;
  const error = resource.error.value;
  if (data === undefined) {
    if (!error) return <>{skeleton ?? <Skeleton />}</>;
    if (isMistake(error)) return <ErrorNote what="" error={error} />;
    return (
      <ErrorNote what={`${what} could not be loaded.`} error={error} retry={() => void resource.refresh()} />
    );
  }
  const fetchedAt = resource.fetchedAt.value;
  return (
    <>
      {error && fetchedAt !== undefined && (
        <p class="stale" role="status">
          <Icon name="clock" /> These data are {durationText(now.value - fetchedAt)} old: {error.message}
        </p>
      )}
      {children(data)}
    </>
  );
}
