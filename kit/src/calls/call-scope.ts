import type { Logger } from 'pino';
import type { CallContext } from '../definitions/context.js';
import type { Principal } from '../definitions/principal.js';
import type { CallState } from './ask.js';
import { Asking, formatArguments } from './ask.js';
import type { Call, CallRequest } from './call.js';
import { canShowForms, clientCapabilities } from './call.js';
import type { Services } from './services.js';

/** What only one call has. It is made when it is asked for: most calls ask for little, and are over soon. */
class CallScope {
  #log: Logger | undefined;
  #asking: Asking | undefined;

  constructor(
    private readonly call: Call,
    private readonly services: Services,
    readonly principal: Principal,
    private readonly request: CallRequest,
    private readonly signalOf: () => AbortSignal,
  ) {}

  get log(): CallContext['log'] {
    this.#log ??= logOf(this.call, this.services, this.principal);
    return this.#log;
  }
  get signal(): CallContext['signal'] {
    return this.signalOf();
  }
  get progress(): CallContext['progress'] {
    return (...args) => notifyProgress(this.request, ...args);
  }
  get notify(): CallContext['notify'] {
    const { request, call } = this;
    return (level, data) => request.mcpReq.log(level, data, call.name);
  }
  get canAsk(): CallContext['canAsk'] {
    const { request } = this;
    return (kind) =>
      kind === 'elicitation' ? canShowForms(request) : kind in clientCapabilities(request);
  }
  get ask(): CallContext['ask'] {
    return (questions) => this.#questions().ask(questions);
  }
  get elicit(): CallContext['elicit'] {
    return (message, form) => this.#questions().one('form', { elicit: message, form });
  }
  get sample(): CallContext['sample'] {
    return (params) => this.#questions().one('sample', { sample: params });
  }

  #questions(): Asking {
    const state = this.request.mcpReq.requestState<CallState>();
    const isOurs = state?.call === roundOf(this.call, this.principal, this.services);
    this.#asking ??= new Asking(this.request, isOurs ? state : undefined);
    return this.#asking;
  }
}

type ContextClass = new (...scope: ConstructorParameters<typeof CallScope>) => CallContext;
const known = new WeakMap<Services, ContextClass>();

/** The class of all contexts of an app. They inherit its services: to copy those would cost more than most calls do. */
export function contextsOf(services: Services): ContextClass {
  let made = known.get(services);
  if (made === undefined) {
    made = class extends CallScope {} as unknown as ContextClass;
    Object.assign(made.prototype, services.shared);
    known.set(services, made);
  }
  return made;
}

/** A log whose lines name the call. */
export function logOf({ kind, name }: Call, { log }: Services, { id }: Principal): Logger {
  return log.child({ [kind]: name, principal: id });
}

/** Tells whose answers count: those to questions of the same call, with the same arguments. */
export function roundOf(
  { kind, name, uri, input }: Call,
  { id }: Principal,
  { host }: Pick<Services, 'host'>,
): string {
  const text = JSON.stringify([id, kind, name, uri, formatArguments(input, host)]);
  return host.sha256(text, 'base64url');
}

/** Sends `notifications/progress` for a request, if it carries a progress token. */
async function notifyProgress(
  { mcpReq }: CallRequest,
  progress: number,
  total?: number,
  message?: string,
): Promise<void> {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return;
  await mcpReq.notify({
    method: 'notifications/progress',
    params: {
      progressToken,
      progress,
      ...(total === undefined ? {} : { total }),
      ...(message === undefined ? {} : { message }),
    },
  });
}
