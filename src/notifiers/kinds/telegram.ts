import type { TelegramConfig } from '../../config/receivers/telegram.ts';
import type { Attempt } from '../delivery.ts';
import type { Notification, Render } from '../notification.ts';
import {
  type Exchange,
  type HttpAnswer,
  jsonBody,
  jsonPost,
  judgeStatus,
  MessageError,
  omitEmpty,
  reasonOf,
  sortedKeys,
  truncate,
} from './exchange.ts';

/** Telegram's limit, characters. */
const MAX_TEXT = 4096;
/** HTML cannot be cut: a tag left open is refused. */
const TOO_LONG = `The notification is longer than the ${MAX_TEXT} characters that Telegram takes and was not sent.
Please shorten the template of the message.`;

export function* telegramMessage(config: TelegramConfig, _: Notification, render: Render): Exchange {
  if (!config.bot_token) throw new MessageError('bot_token missing');
  const chat = String(config.chat_id ?? '');
  if (!/^-?\d+$/.test(chat)) throw new MessageError(`expected a number as chat_id, got "${chat}"`);
  const message = {
    chat_id: chat,
    disable_web_page_preview: 'true',
    text: textOf(config, render),
    ...omitEmpty({
      disable_notification: config.disable_notifications ? 'true' : '',
      message_thread_id: config.message_thread_id ? String(config.message_thread_id) : '',
      parse_mode: config.parse_mode,
    }),
  };
  const url = `${config.api_url.replace(/\/$/, '')}/bot${config.bot_token}/sendMessage`;
  return judge(yield jsonPost(url, sortedKeys(message)));
}

function textOf({ message, parse_mode }: TelegramConfig, render: Render): string {
  if (parse_mode !== 'HTML') return truncate(render.text(message), MAX_TEXT);
  const html = render.html(message);
  return [...html].length > MAX_TEXT ? TOO_LONG : html;
}

/** Whatever Telegram says against a message, it is tried again, as upstream has it. */
function judge(answer: HttpAnswer): Attempt {
  const said = jsonBody(answer) as { ok?: boolean; error_code?: number; description?: string } | undefined;
  if (said?.ok === true) return judgeStatus()({ ...answer, status: 200 });
  const status = said?.error_code ?? answer.status;
  const message = said?.description
    ? `telegram: ${said.description} (${status})`
    : `unexpected answer with status code ${answer.status}: ${answer.body}`;
  return { kind: 'retry', reason: reasonOf(status), message };
}
