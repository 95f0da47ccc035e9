# SPDX-License-Identifier: Apache-2.0
# http_daemon.pl PORT: a child for each connection, as its documentation does.

use strict;
use warnings;
no warnings 'once';

use File::Basename ();
use HTTP::Daemon;
use HTTP::Response;

require(File::Basename::dirname(__FILE__) . '/content.pl');

$SIG{CHLD} = 'IGNORE';
my $daemon = HTTP::Daemon->new(LocalAddr => '127.0.0.1', LocalPort => $ARGV[0], ReuseAddr => 1, Listen => 128) or die $!;

sub answer {
    my ($request) = @_;
    my $path = $request->uri->path;
    my ($kind, $pause, @pieces) = $path eq '/stream' ? ('text/plain; charset=utf-8', 0.03, @Content::PIECES)
        : $path eq '/events' ? ('text/event-stream', 0.1, @Content::EVENTS) : ();
    if ($kind) {
        my $response = HTTP::Response->new(200, 'OK', ['Content-Type' => $kind]);
        $response->content(sub {
            my $piece = shift @pieces;
            Content::wait_for($pause) if defined $piece;
            return $piece;
        });
        return $response;
    }
    my ($status, $fields, $content) = Content::simple($path, $request->header('Host') // '');
    if (!$status) {
        my @seen;
        $request->headers->scan(sub { push @seen, @_ });
        ($status, $fields) = (200, [@Content::TEXT]);
        $content = Content::echo($request->method, $request->uri->path_query, $request->content, @seen);
    }
    return HTTP::Response->new($status, undef, $fields, $content);
}

while (1) {
    my $connection = $daemon->accept or next;
    if (fork) {
        undef $connection;
        next;
    }
    while (my $request = $connection->get_request) {
        $connection->send_response(answer($request));
    }
    $connection->close;
    exit;
}
