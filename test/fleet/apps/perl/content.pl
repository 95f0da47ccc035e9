# SPDX-License-Identifier: Apache-2.0
# What every Perl application of the fleet answers.

package Content;

use strict;
use warnings;

# A CGI program begins anew for each request, so it loads what it needs and no more.
our @TEXT   = ('Content-Type' => 'text/plain; charset=utf-8');
our @PIECES = map { "piece $_\n" } 0 .. 4;
our @EVENTS = map { "data: $_\n\n" } 0 .. 2;

my $large = '0123456789abcdef' x 20_000;

# gzip has no time in its head here, so that it is the same each time.
sub gzip {
    require Compress::Zlib;
    my $content = Compress::Zlib::memGzip("compressed once\n" x 100);
    substr($content, 4, 4) = "\0\0\0\0";
    return $content;
}

# wait_for waits for some part of a second.
sub wait_for { return select undef, undef, undef, $_[0] }

# echo says what the application saw.
sub echo {
    my ($method, $target, $content, @fields) = @_;
    require Digest::SHA;
    my $text = "method $method\ntarget $target\ncontent " . length($content) . ' ' . Digest::SHA::sha256_hex($content) . "\n";
    while (my ($name, $value) = splice @fields, 0, 2) {
        $text .= 'field ' . lc($name) . ": $value\n";
    }
    return $text;
}

# of_environment returns the fields of a request as CGI and PSGI tell them.
sub of_environment {
    my ($env) = @_;
    my @fields;
    for my $name (sort keys %$env) {
        my $field = $name =~ /^HTTP_(.*)/ ? $1 : $name =~ /^CONTENT_(TYPE|LENGTH)$/ ? $name : next;
        next unless defined $env->{$name} && ($name =~ /^HTTP_/ || length $env->{$name});
        push @fields, ($field =~ tr/_/-/r), $env->{$name};
    }
    return @fields;
}

# simple returns status, fields and content of an answer that depends on nothing else, or nothing.
sub simple {
    my ($path, $host) = @_;
    if ($path =~ m{^/status/(\d+)$}) {
        return $1 == 204 || $1 == 304 ? ($1, [], '') : ($1, [@TEXT], "status $1\n");
    }
    return (302, [@TEXT, Location => '/elsewhere?x=1'], "over there\n") if $path eq '/redirect';
    return (301, [@TEXT, Location => "http://$host/elsewhere"], "over there\n") if $path eq '/redirect-absolute';
    return (
        200,
        [
            @TEXT,
            'Set-Cookie' => 'a=1; Path=/', 'Set-Cookie' => 'b=2; HttpOnly', Vary => 'Accept, Cookie', 'X-Latin' => "caf\xe9",
            'X-Long' => 'a' x 3000, ETag => '"of-the-app"', 'Content-Language' => 'de, en',
            'Cache-Control' => 'private, max-age=5', Link => '</style.css>; rel=preload', 'X-Empty' => '',
        ],
        "fields\n"
    ) if $path eq '/fields';
    return (401, [@TEXT, 'WWW-Authenticate' => 'Basic realm="fleet", charset="UTF-8"'], "who?\n") if $path eq '/login';
    return (200, [@TEXT], $large) if $path eq '/large';
    return (200, [@TEXT, 'Content-Encoding' => 'gzip'], gzip()) if $path eq '/gzip';
    return (200, [@TEXT], '') if $path eq '/empty';
    return (413, [@TEXT], "too large\n") if $path eq '/refuse';
    if ($path eq '/slow') {
        wait_for(0.5);
        return (200, [@TEXT], "slow\n");
    }
    return;
}

1;
