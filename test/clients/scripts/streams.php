<?php
// SPDX-License-Identifier: Apache-2.0

// PHP's streams for http and https, as file_get_contents uses them.

function text(string $content): string
{
    return strlen($content) <= 64 ? trim($content) : strlen($content) . ' bytes ' . substr(hash('sha256', $content), 0, 8);
}

function ask(array $job, array $request): string
{
    $headers = array_map(fn ($h) => $h[0] . ': ' . $h[1], $request['headers']);
    $http = [
        'method' => $request['method'], 'protocol_version' => $request['version'] === '1.0' ? 1.0 : 1.1, 'ignore_errors' => true,
        'follow_location' => $request['follow'] ? 1 : 0, 'timeout' => 30,
    ];
    if ($request['size'] >= 0) {
        $http['content'] = str_repeat('a', $request['size']);
        $headers[] = 'Content-Type: application/octet-stream';
    }
    $http['header'] = $headers;
    error_clear_last();
    $content = @file_get_contents($job['base'] . $request['path'], false, stream_context_create(['http' => $http, 'ssl' => ['cafile' => $job['ca']]]));
    if ($content === false) {
        throw new RuntimeException(error_get_last()['message'] ?? 'failed');
    }
    $line = '';
    foreach ($http_response_header as $field) {
        if (str_starts_with($field, 'HTTP/')) {
            $line = $field;
        }
    }
    preg_match('{^HTTP/(\S+) (\d+)}', $line, $said);
    return trim("$said[1] $said[2] " . text($content));
}

// again sends the requests over and over. One that fails is not sent again.
function again(array $job, array &$answers): void
{
    $done = $failed = 0;
    $first = '';
    for ($end = microtime(true) + $job['seconds']; microtime(true) < $end;) {
        foreach ($job['requests'] as $request) {
            $done++;
            try {
                $line = ask($job, $request);
                if (!in_array(explode(' ', $line)[1], ['200', '204', '206', '304'])) {
                    throw new RuntimeException("answered $line");
                }
            } catch (Throwable $e) {
                $failed++;
                $first = $first ?: "$request[method] $request[path] after $done: " . $e->getMessage();
            }
            usleep($job['gap'] * 1000);
        }
    }
    $answers[] = "$done requests, $failed failed";
    if ($first) {
        throw new RuntimeException($first);
    }
}

while (($line = fgets(STDIN)) !== false) {
    $job = json_decode($line, true);
    $answers = [];
    $error = '';
    try {
        if ($job['op'] === 'loop') {
            again($job, $answers);
        } else {
            foreach ($job['requests'] as $i => $request) {
                if ($i) {
                    usleep($job['gap'] * 1000);
                }
                $answers[] = ask($job, $request);
            }
        }
    } catch (Throwable $e) {
        $error = $e->getMessage();
    }
    fwrite(STDOUT, json_encode(['answers' => $answers, 'error' => $error], JSON_INVALID_UTF8_SUBSTITUTE) . "\n");
}
