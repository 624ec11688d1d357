/** Queries of models for MongoDB: what is not known to read is refused, wherever it stands. */
import { BSON, type Document } from 'mongodb';
import { ToolError } from '../definitions/definitions.js';

const words = (text: string) => new Set(text.trim().split(/\s+/));

/** The stages that compute from documents, without those that write, run code, or tell of the server and of others. */
const STAGES = words(`
  $addFields $bucket $bucketAuto $count $densify $facet $fill $geoNear $graphLookup $group $limit $lookup $match $project $redact
  $replaceRoot $replaceWith $sample $set $setWindowFields $skip $sort $sortByCount $unionWith $unset $unwind`);

/** Those that contain pipelines, or name other collections. */
const READS_OTHERS = words('$facet $graphLookup $lookup $unionWith');

/** The operators of conditions, expressions, groups and windows. Those that run JavaScript are not among them. */
const OPERATORS = words(`
  $eq $ne $gt $gte $lt $lte $in $nin $and $or $nor $not $exists $type $expr $jsonSchema $mod $regex $options $all $elemMatch $size
  $bitsAllClear $bitsAllSet $bitsAnyClear $bitsAnySet $geoIntersects $geoWithin $near $nearSphere $geometry $maxDistance $minDistance
  $box $center $centerSphere $polygon $text $search $language $caseSensitive $diacriticSensitive $meta $slice $comment
  $abs $acos $acosh $add $allElementsTrue $anyElementTrue $arrayElemAt $arrayToObject $asin $asinh $atan $atan2 $atanh $avg
  $binarySize $bitAnd $bitNot $bitOr $bitXor $bottom $bottomN $bsonSize $ceil $cmp $concat $concatArrays $cond $convert $cos $cosh
  $count $covariancePop $covarianceSamp $dateAdd $dateDiff $dateFromParts $dateFromString $dateSubtract $dateToParts $dateToString
  $dateTrunc $dayOfMonth $dayOfWeek $dayOfYear $degreesToRadians $denseRank $derivative $divide $documentNumber $exp $expMovingAvg
  $filter $first $firstN $floor $getField $hour $ifNull $indexOfArray $indexOfBytes $indexOfCP $integral $isArray $isNumber
  $isoDayOfWeek $isoWeek $isoWeekYear $last $lastN $let $linearFill $literal $ln $locf $log $log10 $ltrim $map $max $maxN $median
  $mergeObjects $millisecond $min $minN $minute $minMaxScaler $month $multiply $objectToArray $percentile $pow $push $addToSet
  $radiansToDegrees $rand $range $rank $reduce $regexFind $regexFindAll $regexMatch $replaceAll $replaceOne $reverseArray $round
  $rtrim $sampleRate $second $setDifference $setEquals $setField $setIntersection $setIsSubset $setUnion $shift $sigmoid $sin $sinh
  $sortArray $split $sqrt $stdDevPop $stdDevSamp $strLenBytes $strLenCP $strcasecmp $substr $substrBytes $substrCP $subtract $sum
  $switch $tan $tanh $toBool $toDate $toDecimal $toDouble $toInt $toLong $toLower $toObjectId $toString $toUUID $toUpper $top $topN
  $trim $trunc $tsIncrement $tsSecond $unsetField $week $year $zip`);

/** The types that only Extended JSON can write, but for code. */
const TYPES = words(`
  $oid $date $numberLong $numberInt $numberDouble $numberDecimal $uuid $binary $regularExpression $timestamp $minKey $maxKey`);

const MAX_STAGES = 50;
const MAX_DEPTH = 40;

export interface Pipeline {
  readonly stages: Document[];
  /** The other collections that it reads. */
  readonly collections: readonly string[];
}

/**
 * A pipeline out of JSON, or Extended JSON.
 * @throws {ToolError} `INVALID_QUERY` that names what is not allowed
 */
export function toPipeline(pipeline: readonly unknown[]): Pipeline {
  const collections: string[] = [];
  return { stages: stagesOf(pipeline, collections, 0), collections };
}

function stagesOf(pipeline: unknown, collections: string[], depth: number): Document[] {
  if (!Array.isArray(pipeline)) throw refused('A pipeline must be a list of stages.');
  if (pipeline.length > MAX_STAGES) throw refused(`A pipeline has at most ${MAX_STAGES} stages.`);
  if (depth > MAX_DEPTH) throw refused('The query has too many levels.');
  return pipeline.map((stage: unknown) => {
    const [name = '', ...others] = isObject(stage) ? Object.keys(stage) : [];
    if (others.length > 0 || !STAGES.has(name)) {
      const found = name === '' ? 'A stage must be an object' : `The stage ${shown(name)}`;
      throw refused(`${found}${name === '' ? '.' : ' is not allowed.'}`, STAGES);
    }
    return { [name]: stageOf(name, (stage as Record<string, unknown>)[name], collections, depth) };
  });
}

/** What stands in a stage. */
function stageOf(name: string, value: unknown, collections: string[], depth: number): unknown {
  const nested = (pipeline: unknown) => stagesOf(pipeline, collections, depth + 1);
  const collection = (from: unknown): string => {
    // Also those of other databases, as `{ db, coll }`.
    if (typeof from !== 'string') throw refused(`${name} must name a collection of this database.`);
    collections.push(from);
    return from;
  };
  if (name === '$unionWith' && typeof value === 'string') return collection(value);
  if (!isObject(value)) {
    if (READS_OTHERS.has(name)) throw refused(`${name} must be an object.`);
    return toValues(value, depth + 1);
  }
  const only = (...keys: string[]) => {
    const other = Object.keys(value).find((key) => !keys.includes(key));
    if (other !== undefined) throw refused(`${name} has no ${shown(other)}.`);
  };
  const { pipeline, from, coll, ...rest } = value;
  switch (name) {
    case '$facet':
      return copied(value, (facet) => nested(facet));
    case '$lookup':
      only('from', 'localField', 'foreignField', 'let', 'pipeline', 'as');
      return {
        ...(toValues(rest, depth + 1) as object),
        from: collection(from),
        ...(pipeline !== undefined && { pipeline: nested(pipeline) }),
      };
    case '$unionWith':
      only('coll', 'pipeline');
      return {
        coll: collection(coll),
        ...(pipeline !== undefined && { pipeline: nested(pipeline) }),
      };
    case '$graphLookup':
      return { ...(toValues({ ...rest }, depth + 1) as object), from: collection(from) };
    default:
      return toValues(value, depth + 1);
  }
}

/**
 * A condition, a projection, an order or an expression out of JSON, or Extended JSON.
 * @throws {ToolError} `INVALID_QUERY` that names what is not allowed
 */
export function toValues(value: unknown, depth = 0): unknown {
  if (depth > MAX_DEPTH) throw refused('The query has too many levels.');
  if (typeof value === 'string') {
    if (value.includes('\0')) throw refused('A text of the query contains the character U+0000.');
    if (!value.isWellFormed()) throw refused('A text of the query is not well-formed.');
    return value;
  }
  if (Array.isArray(value)) return value.map((item) => toValues(item, depth + 1));
  if (!isObject(value)) return value;
  const typed = ofType(value);
  if (typed !== undefined) return typed;
  for (const name of Object.keys(value)) {
    if (name.includes('\0')) throw refused('A name in the query contains the character U+0000.');
    // The driver takes what has a `_bsontype` for a value of its own, such as code.
    if (name === '_bsontype') throw refused('A field of a query cannot be called _bsontype.');
    if (name.startsWith('$') && !OPERATORS.has(name)) {
      throw refused(`The operator ${shown(name)} is not allowed.`);
    }
  }
  return copied(value, (part) => toValues(part, depth + 1));
}

/** A value that Extended JSON writes as an object. */
function ofType(value: Record<string, unknown>): unknown {
  const [name = '', ...others] = Object.keys(value);
  if (others.length > 0 || !TYPES.has(name)) return undefined;
  try {
    const text = JSON.stringify(value);
    const typed: unknown = BSON.EJSON.parse(text, { relaxed: false });
    if (!isObject(typed) || !(name in typed)) return typed;
  } catch {
    // The reason would be the library's.
  }
  throw refused(`${shown(name)} has no such value.`);
}

/** An object without a prototype, so that no name means anything. */
function copied(
  value: Record<string, unknown>,
  change: (part: unknown) => unknown,
): Record<string, unknown> {
  const copy: Record<string, unknown> = Object.create(null);
  for (const [name, part] of Object.entries(value)) copy[name] = change(part);
  return copy;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const shown = (name: string) => JSON.stringify(name.slice(0, 50));

function refused(message: string, instead?: ReadonlySet<string>): ToolError {
  return new ToolError('INVALID_QUERY', message, {
    ...(instead && { suggestions: [`Use one of: ${[...instead].join(', ')}.`] }),
  });
}
