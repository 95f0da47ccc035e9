# SPDX-License-Identifier: Apache-2.0
# The application for servers that speak PSGI.

use strict;
use warnings;
no warnings 'once';

use File::Basename ();

require(File::Basename::dirname(__FILE__) . '/content.pl');

sub slowly {
    my ($kind, $pause, @pieces) = @_;
    return sub {
        my $writer = $_[0]->([200, ['Content-Type' => $kind]]);
        for my $piece (@pieces) {
            $writer->write($piece);
            Content::wait_for($pause);
        }
        $writer->close;
    };
}

sub {
    my ($env) = @_;
    my $path = $env->{PATH_INFO};
    return slowly('text/plain; charset=utf-8', 0.03, @Content::PIECES) if $path eq '/stream';
    return slowly('text/event-stream', 0.1, @Content::EVENTS) if $path eq '/events';
    my ($status, $fields, $content) = Content::simple($path, $env->{HTTP_HOST} // '');
    if (!$status) {
        my $got = '';
        while ($env->{'psgi.input'}->read(my $piece, 65_536)) {
            $got .= $piece;
        }
        my $query = $env->{QUERY_STRING} // '';
        ($status, $fields) = (200, [@Content::TEXT]);
        $content = Content::echo($env->{REQUEST_METHOD}, $path . (length $query ? "?$query" : ''), $got,
            Content::of_environment($env));
    }
    push @$fields, 'Content-Length' => length $content if $status != 204 && $status != 304;
    return [$status, $fields, [$env->{REQUEST_METHOD} eq 'HEAD' ? () : $content]];
};
