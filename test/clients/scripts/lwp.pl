# SPDX-License-Identifier: Apache-2.0

# Perl's LWP.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Driver;
use LWP::UserAgent;

Driver::main(sub {
    my ($job) = @_;
    my $agent = LWP::UserAgent->new(keep_alive => 1, ssl_opts => { SSL_ca_file => $job->{ca} }, timeout => 30);
    return sub {
        my ($request) = @_;
        $agent->max_redirect($request->{follow} ? 5 : 0);
        my $r = HTTP::Request->new($request->{method}, $job->{base} . $request->{path});
        $r->push_header(@$_) for @{ $request->{headers} };
        if ($request->{size} >= 0) {
            if ($request->{chunked}) {
                my $left = $request->{size};
                $r->content(sub { my $n = $left < 65536 ? $left : 65536; $left -= $n; return 'a' x $n });
            } else {
                $r->content('a' x $request->{size});
                $r->header('Content-Length' => $request->{size});
            }
        }
        my $a = $agent->request($r);
        # What LWP could not do has the status 500 too.
        die $a->status_line . "\n" if ($a->header('Client-Warning') // '') eq 'Internal response';
        die $a->header('X-Died') . "\n" if $a->header('X-Died');
        my ($version) = ($a->protocol // '') =~ m{HTTP/(.*)};
        return ($version // '?') . ' ' . $a->code . (length(Driver::text($a->content)) ? ' ' . Driver::text($a->content) : '');
    };
});
