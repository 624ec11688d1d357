import { ToolError } from '../definitions/definitions.js';
import { IndexFileError } from './index-files.js';
import { NoAnswerError } from './search-http.js';
import { unanswered, unavailable } from './store.js';

/** What the cluster says of a request that it did not carry out. */
export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  readonly type: string;
  readonly reason: string;

  constructor(
    readonly status: number,
    body: unknown,
  ) {
    const error = (body as { error?: ErrorBody | string } | undefined)?.error;
    // An error of one shard is inside that of the search.
    const own: ErrorBody =
      typeof error === 'object'
        ? (error.root_cause?.[0] ?? error)
        : { reason: error ?? 'no reason' };
    const [type, reason] = [own.type ?? 'no type', own.reason ?? 'no reason'];
    super(`status ${status}: ${type}: ${reason}`);
    this.type = type;
    this.reason = reason;
  }

  get isNoIndex(): boolean {
    return this.status === 404 && this.type === 'index_not_found_exception';
  }
}

interface ErrorBody {
  readonly type?: string;
  readonly reason?: string;
  readonly root_cause?: readonly { readonly type?: string; readonly reason?: string }[];
}

/** An error as one that the caller may see, or `undefined`: then the request is wrong, and that stays inside. */
export function asToolError(error: unknown, isWrite: boolean): ToolError | undefined {
  if (error instanceof NoAnswerError) {
    if (isWrite && error.isUncertain) return unanswered(error);
    return error.isLate ? tooSlow(error) : unavailable(error);
  }
  if (error instanceof IndexFileError) return unavailable(error);
  if (!(error instanceof ClusterError)) return undefined;
  const { status, type } = error;
  if (status === 409) return conflict(error);
  if (/timeout|timed_out/.test(type) || status === 408) return tooSlow(error);
  if (isWrite && (status === 502 || status === 504)) return unanswered(error);
  // Blocks have many statuses: a full disk is one.
  if (type === 'cluster_block_exception' || error.isNoIndex) return unavailable(error);
  if (status === 429) return busy(error);
  if (status === 401 || status === 403 || status >= 502) return unavailable(error);
  if (status === 413) {
    return new ToolError('INVALID_INPUT', 'The document is larger than the database takes.');
  }
  return status === 400 && isWrite ? refusedDocument(error) : undefined;
}

/** Errors of documents, in Elasticsearch 8 and OpenSearch 2. Their reasons quote values, which are somebody's data. */
const OF_DOCUMENTS =
  /^(document_parsing_exception|mapper_parsing_exception|strict_dynamic_mapping_exception|illegal_argument_exception)$/;

function refusedDocument({ type, reason }: ClusterError): ToolError | undefined {
  if (!OF_DOCUMENTS.test(type)) return undefined;
  const field = /field[= ]["[]([\w.]+)["\]]/.exec(reason)?.[1];
  const where = field === undefined ? 'A field' : `The field ${field}`;
  return new ToolError('INVALID_INPUT', `${where} does not fit the mapping of its index.`);
}

function busy(cause: unknown): ToolError {
  return new ToolError('STORE_BUSY', 'The database has too much to do. Try again later.', {
    retryable: true,
    cause,
  });
}

export function tooSlow(cause?: unknown): ToolError {
  return new ToolError('STORE_TIMEOUT', 'The database needed too long for this. Try again later.', {
    retryable: true,
    cause,
  });
}

function conflict(cause: unknown): ToolError {
  return new ToolError('CONFLICT', 'The document has changed in the meantime, or exists already.', {
    cause,
    suggestions: ['Read it again, and decide anew.'],
  });
}
