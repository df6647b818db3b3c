import { writeChunkedResponse, writeSamplesResponse } from './read-response.ts';

/** How remote read answers, by the response type agreed on. */
export const readFormats = {
  samples: { contentType: 'application/x-protobuf', encode: writeSamplesResponse },
  chunks: {
    contentType: 'application/x-streamed-protobuf; proto=prometheus.ChunkedReadResponse',
    encode: writeChunkedResponse,
  },
} as const;
