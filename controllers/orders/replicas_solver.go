// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"time"

	"github.com/warren-dev/ingress/controllers/acme"
	"github.com/warren-dev/ingress/controllers/translate"
	"github.com/warren-dev/ingress/proxy/snapshot"
)

const (
	// presenceLimit is how long an order waits for replicas that do not answer a challenge. One of them may be cut off,
	// and the authority asks only one.
	presenceLimit = 10 * time.Second
	// PresencePause is the pause between two looks at the replicas.
	PresencePause = 100 * time.Millisecond
)

// replicasSolver solves HTTP-01 and TLS-ALPN-01 challenges: the data planes of the replicas answer them. Every replica
// reads the answers from the working Secret of the order.
type replicasSolver struct {
	presence *presence
	now      func() time.Time
}

// present does nothing: an attempt that is persisted is presented.
func (*replicasSolver) present(context.Context, *attempt) error { return nil }

// visible asks each replica for the answers. After presenceLimit it says that nobody is missing.
func (s *replicasSolver) visible(ctx context.Context, a *attempt) (missing []string, again time.Duration, err error) {
	missing, _ = s.presence.missing(ctx, a.Presented)
	if s.now().Sub(a.PresentedAt) >= presenceLimit {
		return nil, 0, nil
	}
	return missing, PresencePause, nil
}

// cleanUp does nothing: replicas answer for no attempt that has ended.
func (*replicasSolver) cleanUp(context.Context, *attempt) error { return nil }

// trial makes up an HTTP-01 answer for each host.
func (*replicasSolver) trial(hosts []string) []presented {
	answers := make([]presented, len(hosts))
	for i, host := range hosts {
		token := newToken()
		answers[i] = presented{Host: host, Type: acme.ChallengeHTTP01, Token: token, KeyAuthorization: token + ".trial"}
	}
	return answers
}

func (s *replicasSolver) try(ctx context.Context, a *attempt) (missing []string, nobody bool, again time.Duration) {
	missing, of := s.presence.missing(ctx, a.Presented)
	if s.now().Sub(a.PresentedAt) < presenceLimit {
		again = PresencePause
	}
	return missing, len(missing) == of, again
}

// servedFor returns what the data plane serves for an answer: nothing if replicas do not answer challenges of its type.
// An answer to a TLS handshake is served over plain HTTP too, because that is where presence looks for it.
func servedFor(namespace string, p *presented) []translate.Challenge {
	served := func(kind snapshot.ChallengeType) translate.Challenge {
		return translate.Challenge{Namespace: namespace,
			Challenge: snapshot.Challenge{Host: p.Host, Token: p.Token, KeyAuthorization: p.KeyAuthorization, Type: kind}}
	}
	switch p.Type {
	case acme.ChallengeHTTP01:
		return []translate.Challenge{served(snapshot.ChallengeHTTP01)}
	case acme.ChallengeTLSALPN01:
		return []translate.Challenge{served(snapshot.ChallengeHTTP01), served(snapshot.ChallengeTLSALPN01)}
	}
	return nil
}
