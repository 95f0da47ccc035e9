# SPDX-License-Identifier: Apache-2.0

# Perl's HTTP::Tiny.
use strict;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use Driver;
use HTTP::Tiny;

Driver::main(sub {
    my ($job) = @_;
    my %agents = map { $_ => HTTP::Tiny->new(max_redirect => $_ ? 5 : 0, verify_SSL => 1, SSL_options => { SSL_ca_file => $job->{ca} }, timeout => 30) } 0, 1;
    return sub {
        my ($request) = @_;
        my %headers;
        push @{ $headers{ $_->[0] } }, $_->[1] for @{ $request->{headers} };
        my %options = (headers => \%headers);
        if ($request->{size} >= 0) {
            my $left = $request->{size};
            $options{content} = $request->{chunked} ? sub { my $n = $left < 65536 ? $left : 65536; $left -= $n; return 'a' x $n } : 'a' x $left;
        }
        my $a = $agents{ $request->{follow} ? 1 : 0 }->request($request->{method}, $job->{base} . $request->{path}, \%options);
        die $a->{content} if $a->{status} == 599;
        my ($version) = ($a->{protocol} // '') =~ m{HTTP/(.*)};
        return ($version // '?') . ' ' . $a->{status} . (length(Driver::text($a->{content})) ? ' ' . Driver::text($a->{content}) : '');
    };
});
