import type { Client } from './client.js';
import { UserErrors } from './errors.js';
import { BulkJobCreate, BulkJobGet } from './generated/documents.js';
import type { BulkFormat, BulkJob } from './generated/types.js';
import { type FileData, type SendOptions, asBlob, call, nameOf, sendFile } from './upload.js';

/** How a file of posts is uploaded. */
export interface BulkUploadOptions extends SendOptions {
  /** How the file is written; when nothing is said, the end of its name tells: `.csv` or `.jsonl`. */
  format?: BulkFormat;
  /** The file's name; a `File` brings its own. */
  fileName?: string;
  /** Judge every line and write nothing. */
  dryRun?: boolean;
  /** The IANA zone of local times that name none; otherwise the workspace's. */
  timeZone?: string;
  /** An id of your own for the job (`job_…`). */
  id?: string;
  /** The job of an upload that was begun before, to go on with. */
  resume?: string;
}

/** The functions of `client.bulkJobs` that are more than one operation. */
export function bulkUploads(client: Client) {
  return {
    /**
     * Sends a file of posts, one in each line, in parts, and goes on after a cut. The job that it answers runs
     * by itself: `follow` it, then read its `results`.
     */
    async upload(file: FileData, options: BulkUploadOptions = {}): Promise<BulkJob> {
      const blob = asBlob(file);
      const job = options.resume
        ? await client.request(BulkJobGet, { id: options.resume }, call(options))
        : await begin(client, blob, options);
      if (!job.uploadUrl) return job;
      await sendFile(client, `${client.url}/bulk/${job.id}`, blob, options);
      return client.request(BulkJobGet, { id: job.id }, call(options));
    },
  };
}

async function begin(client: Client, blob: Blob, options: BulkUploadOptions): Promise<BulkJob> {
  const fileName = nameOf(blob, options.fileName);
  const input = {
    kind: 'POSTS_IMPORT',
    format: options.format ?? formatOf(fileName),
    fileName,
    bytes: blob.size,
    timeZone: options.timeZone,
    id: options.id,
    ...(options.dryRun === undefined ? {} : { dryRun: options.dryRun }),
  };
  const { bulkJob, errors } = await client.request(BulkJobCreate, { input }, options);
  const [first, ...others] = errors;
  if (first) throw new UserErrors([first, ...others]);
  return bulkJob as BulkJob;
}

function formatOf(fileName: string): BulkFormat {
  const end = /\.(csv|jsonl)$/i.exec(fileName)?.[1];
  if (!end) throw new TypeError(`The name ${fileName} does not say whether it is CSV or JSONL: give the format.`);
  return end.toUpperCase() as BulkFormat;
}
