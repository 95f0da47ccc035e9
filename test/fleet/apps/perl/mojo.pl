# SPDX-License-Identifier: Apache-2.0

use Mojolicious::Lite -signatures;
use File::Basename ();

require(File::Basename::dirname(__FILE__) . '/content.pl');

app->log->level('fatal');

sub slowly ($c, $kind, $pause, @pieces) {
    $c->render_later;
    $c->res->headers->content_type($kind);
    my $next;
    $next = sub {
        my $piece = shift @pieces;
        return $c->finish unless defined $piece;
        $c->write_chunk($piece => sub { Mojo::IOLoop->timer($pause => $next) });
    };
    $next->();
    return;
}

any '/*any' => {any => ''} => sub ($c) {
    my $request = $c->req;
    my $path = $request->url->path->to_string;
    return slowly($c, 'text/plain; charset=utf-8', 0.03, @Content::PIECES) if $path eq '/stream';
    return slowly($c, 'text/event-stream', 0.1, @Content::EVENTS) if $path eq '/events';
    my ($status, $fields, $content) = Content::simple($path, $request->headers->host // '');
    if (!$status) {
        my @seen;
        for my $name (@{$request->headers->names}) {
            push @seen, $name, $_ for @{$request->headers->every_header($name)};
        }
        ($status, $fields) = (200, [@Content::TEXT]);
        $content = Content::echo($request->method, $request->url->to_string, $request->body, @seen);
    }
    while (my ($name, $value) = splice @$fields, 0, 2) {
        $c->res->headers->add($name => $value);
    }
    $c->render(data => $content, status => $status);
};

app->start;
