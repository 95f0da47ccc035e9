# SPDX-License-Identifier: Apache-2.0

# What all Perl clients have in common: jobs are read from standard input, outcomes written to standard output.
package Driver;
use strict;
use warnings;
use Digest::SHA qw(sha256_hex);
use JSON::PP;
use Time::HiRes qw(sleep time);

sub text {
    my ($content) = @_;
    $content //= '';
    if (length($content) <= 64) { $content =~ s/^\s+|\s+$//g; return $content }
    return length($content) . ' bytes ' . substr(sha256_hex($content), 0, 8);
}

# again sends the requests over and over. One that fails is not sent again.
sub again {
    my ($job, $ask, $answers) = @_;
    my ($done, $failed, $first) = (0, 0, undef);
    my $end = time + $job->{seconds};
    while (time < $end) {
        for my $request (@{ $job->{requests} }) {
            $done++;
            my $line = eval { $ask->($request) };
            my $why = $@ || ($line =~ /^\S+ 20[046]|^\S+ 304/ ? '' : "answered $line");
            if ($why) { $failed++; $first //= "$request->{method} $request->{path} after $done: $why" }
            sleep($job->{gap} / 1000);
        }
    }
    push @$answers, "$done requests, $failed failed";
    die $first if $first;
}

# main reads jobs. session returns what asks one request.
sub main {
    my ($session) = @_;
    $| = 1;
    while (my $line = <STDIN>) {
        my $job = decode_json($line);
        my @answers;
        my $error = '';
        eval {
            my $ask = $session->($job);
            if ($job->{op} eq 'loop') { again($job, $ask, \@answers) }
            else {
                my $first = 1;
                for my $request (@{ $job->{requests} }) {
                    sleep($job->{gap} / 1000) unless $first;
                    $first = 0;
                    push @answers, $ask->($request);
                }
            }
            1;
        } or $error = "$@";
        print encode_json({ answers => \@answers, error => $error }), "\n";
    }
}

1;
