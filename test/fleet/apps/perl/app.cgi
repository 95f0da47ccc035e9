#!/usr/bin/perl
# SPDX-License-Identifier: Apache-2.0
# The application for servers that run CGI programs.

use strict;
use warnings;
no warnings 'once';

use Cwd ();

require(Cwd::realpath(__FILE__) =~ s{[^/]*$}{content.pl}r);

binmode STDIN;
binmode STDOUT;
$| = 1;

my $path = $ENV{PATH_INFO} // '';

sub slowly {
    my ($kind, $pause, @pieces) = @_;
    print "Content-Type: $kind\r\n\r\n";
    for my $piece (@pieces) {
        print $piece;
        Content::wait_for($pause);
    }
    exit;
}

slowly('text/plain; charset=utf-8', 0.03, @Content::PIECES) if $path eq '/stream';
slowly('text/event-stream', 0.1, @Content::EVENTS) if $path eq '/events';
my ($status, $fields, $content) = Content::simple($path, $ENV{HTTP_HOST} // '');
if (!$status) {
    my ($got, $length) = ('', $ENV{CONTENT_LENGTH} || 0);
    while (length $got < $length) {
        last unless read STDIN, my $piece, $length - length $got;
        $got .= $piece;
    }
    my $query = $ENV{QUERY_STRING} // '';
    ($status, $fields) = (200, [@Content::TEXT]);
    $content = Content::echo($ENV{REQUEST_METHOD}, $path . (length $query ? "?$query" : ''), $got, Content::of_environment(\%ENV));
}
my $head = "Status: $status Of The Application\r\n";
while (my ($name, $value) = splice @$fields, 0, 2) {
    $head .= "$name: $value\r\n";
}
$head .= 'Content-Length: ' . length($content) . "\r\n" if $status != 204 && $status != 304;
print "$head\r\n", $ENV{REQUEST_METHOD} eq 'HEAD' ? '' : $content;
