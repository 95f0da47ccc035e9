<?php
// SPDX-License-Identifier: Apache-2.0
// The application for PHP's servers: all paths lead here.

$target = $_SERVER['REQUEST_URI'];
$path = explode('?', $target)[0];

function text(int $status, string $content, array $fields = []): void
{
    http_response_code($status);
    if ($status === 204 || $status === 304) {
        return;
    }
    header('Content-Type: text/plain; charset=utf-8');
    foreach ($fields as $field) {
        header($field, false);
    }
    header('Content-Length: ' . strlen($content));
    echo $content;
}

function slowly(string $kind, int $pause, string ...$pieces): void
{
    header("Content-Type: $kind");
    foreach ($pieces as $piece) {
        echo $piece;
        flush();
        usleep($pause);
    }
}

function seen(): string
{
    global $target;
    $content = file_get_contents('php://input');
    $lines = ['method ' . $_SERVER['REQUEST_METHOD'], "target $target", 'content ' . strlen($content) . ' ' . hash('sha256', $content)];
    foreach ($_SERVER as $name => $value) {
        if (strncmp($name, 'HTTP_', 5) === 0) {
            $lines[] = 'field ' . strtolower(strtr(substr($name, 5), '_', '-')) . ": $value";
        } elseif (($name === 'CONTENT_TYPE' || $name === 'CONTENT_LENGTH') && $value !== '' && !isset($_SERVER["HTTP_$name"])) {
            $lines[] = 'field ' . strtolower(strtr($name, '_', '-')) . ": $value";
        }
    }
    return implode("\n", $lines) . "\n";
}

if (preg_match('#^/status/(\d+)$#', $path, $found)) {
    text((int) $found[1], "status $found[1]\n");
    return true;
}
switch ($path) {
    case '/stream':
        slowly('text/plain; charset=utf-8', 30000, "piece 0\n", "piece 1\n", "piece 2\n", "piece 3\n", "piece 4\n");
        break;
    case '/events':
        slowly('text/event-stream', 100000, "data: 0\n\n", "data: 1\n\n", "data: 2\n\n");
        break;
    case '/redirect':
        text(302, "over there\n", ['Location: /elsewhere?x=1']);
        break;
    case '/redirect-absolute':
        text(301, "over there\n", ['Location: http://' . $_SERVER['HTTP_HOST'] . '/elsewhere']);
        break;
    case '/fields':
        text(200, "fields\n", ['Set-Cookie: a=1; Path=/', 'Set-Cookie: b=2; HttpOnly', 'Vary: Accept, Cookie', "X-Latin: caf\xe9",
            'X-Long: ' . str_repeat('a', 3000), 'ETag: "of-the-app"', 'Content-Language: de, en',
            'Cache-Control: private, max-age=5', 'Link: </style.css>; rel=preload', 'X-Empty:']);
        break;
    case '/login':
        text(401, "who?\n", ['WWW-Authenticate: Basic realm="fleet", charset="UTF-8"']);
        break;
    case '/large':
        text(200, str_repeat('0123456789abcdef', 20000));
        break;
    case '/gzip':
        text(200, gzencode(str_repeat("compressed once\n", 100)), ['Content-Encoding: gzip']);
        break;
    case '/empty':
        text(200, '');
        break;
    case '/refuse':
        text(413, "too large\n");
        break;
    case '/slow':
        usleep(500000);
        text(200, "slow\n");
        break;
    default:
        text(200, seen());
}
return true;
