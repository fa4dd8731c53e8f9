// What nginx's own language cannot say: the hash of a key, and problem documents.
// Runs in njs 0.7.9 (Debian's libnginx-mod-http-js).

import crypto from 'crypto';

const LONGEST_KEY = 512;
const LONGEST_SAID = 4096;

// The words of problem documents, by status; `retry` is the seconds of Retry-After.
const PROBLEMS = {
    400: {code: 'invalid_request', title: 'Invalid request', detail: 'the request cannot be read; see the HTTP API for its form (query strings are not taken)'},
    401: {code: 'invalid_api_key', title: 'Unauthorized', detail: 'send a valid API key: Authorization: Bearer <key>'},
    403: {code: 'origin_refused', title: 'Not allowed', detail: 'a page of another site may not open a session here'},
    404: {code: 'not_found', title: 'Not found', detail: 'nothing is served at that path'},
    405: {code: 'method_not_allowed', title: 'Method not allowed', detail: 'that path takes other methods; the header Allow names them'},
    408: {code: 'timeout', title: 'Request timeout', detail: 'the request did not come in time'},
    411: {code: 'length_required', title: 'Length required', detail: 'send Content-Length'},
    413: {code: 'too_large', title: 'Too large', detail: 'the body is larger than this server takes'},
    414: {code: 'uri_too_long', title: 'URI too long', detail: 'the address is too long'},
    415: {code: 'unsupported_media_type', title: 'Unsupported media type', detail: 'that type of body is not taken'},
    426: {code: 'upgrade_required', title: 'Upgrade required', detail: 'that path takes WebSockets: Connection: Upgrade, Upgrade: websocket'},
    429: {code: 'rate_limited', title: 'Too many requests', detail: 'more requests than this key or address may send; come back after Retry-After seconds', retry: 1},
    431: {code: 'headers_too_large', title: 'Headers too large', detail: 'the headers are larger than this server takes'},
    500: {code: 'internal_error', title: 'Internal error', detail: 'the server failed; its log holds the reason under this request_id'},
    501: {code: 'not_implemented', title: 'Not implemented', detail: 'that form of transfer is not taken'},
    // TorchServe does not listen: it starts, or has ended. The caller gets 503.
    502: {code: 'model_unavailable', title: 'Service unavailable', status: 503, detail: 'the models are not there at the moment; come back after Retry-After seconds', retry: 5},
    503: {code: 'overloaded', title: 'Service unavailable', detail: 'no free place at the moment; come back after Retry-After seconds', retry: 1},
    504: {code: 'deadline_exceeded', title: 'Deadline exceeded', detail: 'there was no answer in time'},
    507: {code: 'out_of_memory', title: 'Out of memory', detail: 'the device has no memory left for this', retry: 5},
};

// TorchServe tells two kinds of 503 apart by a word, and a worker that died with 500 or 507.
const RAISED = {code: 'internal_error', title: 'Internal error', detail: 'the handler failed; the log of the server holds the reason'};
const DIED = {code: 'worker_died', title: 'Worker died', detail: 'the worker died and is started again; the same request can be sent again'};

function problemOf(status) {
    return PROBLEMS[status] || PROBLEMS[status < 500 ? 400 : 500];
}

// Answers the key of a request: a bearer's, or the password that a browser was asked for. What a browser
// sends by itself counts only where its own page asks, not another site's.
function keyOf(r) {
    const given = r.headersIn['Authorization'] || '';
    const found = /^(bearer|basic) +([A-Za-z0-9._~+\/-]+=*)$/i.exec(given);
    if (!found || found[2].length > LONGEST_KEY) {
        return '';
    }
    if (found[1].toLowerCase() === 'bearer') {
        return found[2];
    }
    if (r.headersIn['Sec-Fetch-Site'] === 'cross-site') {
        return '';
    }
    const pair = Buffer.from(found[2], 'base64').toString();
    return pair.slice(pair.indexOf(':') + 1);
}

function keyHash(r) {
    const key = keyOf(r);
    return key ? crypto.createHash('sha256').update(key).digest('hex') : '';
}

function isOpenai(r) {
    return r.variables.f5_form === 'openai';
}

function document(r, status, problem) {
    const told = problem.status || status;
    if (isOpenai(r)) {
        return JSON.stringify({error: {
            message: problem.detail,
            type: told < 500 ? 'invalid_request_error' : 'server_error',
            param: null,
            code: problem.code,
        }});
    }
    return JSON.stringify({
        type: 'about:blank',
        title: problem.title,
        status: told,
        detail: problem.detail,
        code: problem.code,
        request_id: r.variables.f5_id,
    });
}

// The edge's own refusals: what they say, and the headers that some of them have. The status is the last part
// of the location's name.
function statusOf(r) {
    return Number(r.uri.slice(r.uri.lastIndexOf('/') + 1));
}

function problem(r) {
    return document(r, statusOf(r), problemOf(statusOf(r)));
}

function retryAfter(r) {
    return String(problemOf(statusOf(r)).retry || '');
}

function allowed(r) {
    return statusOf(r) === 405 ? r.variables.f5_allow || '' : '';
}

function upgrade(r) {
    return statusOf(r) === 426 ? 'websocket' : '';
}

// A browser is asked for a password, which is the key; a program is told what was wrong.
function challenge(r) {
    if (statusOf(r) !== 401) {
        return '';
    }
    if ((r.headersIn['Accept'] || '').indexOf('text/html') >= 0) {
        return 'Basic realm="f5serve"';
    }
    return 'Bearer realm="f5serve"' + (r.headersIn['Authorization'] ? ', error="invalid_token"' : '');
}

// TorchServe's own errors lack the header that every answer of a handler has.
function mapHeaders(r) {
    if (r.status < 400 || r.headersOut['X-Correlation-Id']) {
        return;
    }
    const status = r.status;
    r.variables.f5_mapped = String(status);
    r.headersOut['Content-Type'] = isOpenai(r) ? 'application/json' : 'application/problem+json';
    if (problemOf(status).retry) {
        r.headersOut['Retry-After'] = String(problemOf(status).retry);
    }
    delete r.headersOut['Content-Length'];
}

function mapBody(r, data, flags) {
    const status = Number(r.variables.f5_mapped);
    if (!status) {
        r.sendBuffer(data, flags);
        r.done();
        return;
    }
    if (data.length && r.variables.f5_said.length < LONGEST_SAID) {
        r.variables.f5_said += data.toString();
    }
    if (flags.last) {
        r.sendBuffer(document(r, status, meant(status, r.variables.f5_said)), flags);
        r.done();
    }
}

// Answers the problem that TorchServe's own words mean.
function meant(status, said) {
    let told = {};
    try {
        told = JSON.parse(said) || {};
    } catch (error) {
        // 413 has no body.
    }
    if (status >= 500 && String(told.message).indexOf('Worker died') >= 0) {
        return DIED;
    }
    return status === 503 && told.type === 'InternalServerException' ? RAISED : problemOf(status);
}

export default {keyHash, problem, retryAfter, allowed, upgrade, challenge, mapHeaders, mapBody};
