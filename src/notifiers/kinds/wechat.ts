import type { WechatConfig } from '../../config/receivers/wechat.ts';
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
  refused,
} from './exchange.ts';
import type { Memory } from './memory.ts';

/** WeChat's answer to a token that is over. */
const TOKEN_EXPIRED = 42_001;
const TOKEN_LIFE_MS = 2 * 3_600_000;

/** Asks for a token first unless `memory` holds one; WeChat counts how often it is asked. */
export function* wechatMessage(
  config: WechatConfig,
  _: Notification,
  render: Render,
  { memory, now }: { readonly memory: Memory; readonly now: () => number },
): Exchange {
  const url = (path: string, query: Record<string, string>): string => {
    const address = new URL(config.api_url);
    address.pathname += path;
    for (const [name, value] of Object.entries(query)) address.searchParams.set(name, value);
    return address.href;
  };
  const secret = render.text(config.api_secret ?? '');
  if (secret === '') throw new MessageError('api_secret missing');
  const corpid = render.text(config.corp_id);
  const content = render.text(config.message);
  const isMarkdown = config.message_type === 'markdown';
  const message = {
    text: { content: isMarkdown ? '' : content },
    ...omitEmpty({
      touser: render.text(config.to_user),
      toparty: render.text(config.to_party),
      totag: render.text(config.to_tag),
      agentid: render.text(config.agent_id),
    }),
    safe: '0',
    msgtype: config.message_type,
    markdown: { content: isMarkdown ? content : '' },
  };
  let token = memory.get('token', now());
  if (token === undefined) {
    const asked = url('gettoken', { corpid, corpsecret: secret });
    const answer = yield { method: 'GET', url: asked, headers: {}, body: '' };
    const said = jsonBody(answer) as { access_token?: string } | undefined;
    if (!said?.access_token) {
      if (answer.status >= 500) return judgeStatus()(answer);
      return refused(`invalid APISecret for CorpID: ${corpid}`);
    }
    token = said.access_token;
    memory.set('token', token, now() + TOKEN_LIFE_MS);
  }
  const answer = yield jsonPost(url('message/send', { access_token: token }), message);
  return judge(answer, () => memory.forget('token'));
}

function judge(answer: HttpAnswer, forgetToken: () => void): Attempt {
  if (answer.status !== 200) {
    const reason = reasonOf(answer.status);
    return { kind: 'retry', reason, message: `unexpected status code ${answer.status}` };
  }
  const said = jsonBody(answer) as { errcode?: number; errmsg?: string } | undefined;
  if (said === undefined) {
    const message = `could not unmarshal JSON response ${JSON.stringify(answer.body)}`;
    return { kind: 'retry', reason: 'other', message };
  }
  if (!said?.errcode) return judgeStatus()(answer);
  if (said.errcode !== TOKEN_EXPIRED) return refused(said.errmsg ?? `error ${said.errcode}`);
  forgetToken();
  return { kind: 'retry', reason: 'other', message: said.errmsg ?? `error ${said.errcode}` };
}
