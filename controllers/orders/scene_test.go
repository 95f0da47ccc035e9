// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/certificates"
	"github.com/warren-dev/ingress/controllers/ledger"
)

// scene is an order, and everybody who has to do with it.
type scene struct {
	*Issuance
	t           *testing.T
	api         *memory
	authority   *agreeable
	solver      *faulty
	certificate *v1alpha1.TLSCertificate
	now         time.Time
}

// newScene has challenges of type dns-01 solved by a solver that fails where it is told to.
func newScene(t *testing.T, perDay int) *scene {
	t.Helper()
	const directory, namespace = "https://acme.test/directory", "system"
	api := &memory{objects: map[client.ObjectKey]client.Object{}}
	s := &scene{t: t, api: api, authority: newAgreeable(t), solver: newFaulty(t, api), now: today,
		certificate: &v1alpha1.TLSCertificate{
			ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "tls", UID: "1"},
			Spec: v1alpha1.TLSCertificateSpec{SecretName: "tls", ChallengeTypes: []v1alpha1.ChallengeType{"DNS01"},
				Hosts: []v1alpha1.CertificateHost{v1alpha1.CertificateHost(hosts()[0])}},
		}}
	s.Issuance = &Issuance{
		Authority: s.authority, client: api, Now: func() time.Time { return s.now }, Directory: directory,
		accounts: &accountStore{reader: api, client: api, authority: s.authority, namespace: namespace, directory: directory, class: "warren"},
		Ledger:   ledger.NewStore(api, namespace, nil, ledger.LimitsAt(directory, perDay)),
		Orders:   &Store{reader: api, client: api, Cache: api, namespace: namespace, class: "warren"},
		solvers:  solvers{{asked: "DNS01", method: dns01, by: s.solver}},
	}
	return s
}

// kept returns the working Secret as the API has it.
func (s *scene) kept() *Working {
	s.t.Helper()
	working, err := s.Orders.Read(s.t.Context(), s.api, client.ObjectKeyFromObject(s.certificate))
	if err != nil {
		s.t.Fatal(err)
	}
	return working
}

// job begins a pass as the controller of TLSCertificates does.
func (s *scene) job() (j *Job, closing bool) {
	s.t.Helper()
	working := s.kept()
	closing = working.State.Closing != nil
	secret, err := certificates.SecretOf(s.t.Context(), s.api, s.certificate)
	if err != nil {
		s.t.Fatal(err)
	}
	spec, err := SpecOf(&s.certificate.Spec, s.Directory)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := s.GiveUp(s.t.Context(), working, working.State.Accept(s.certificate.UID, spec)); err != nil {
		s.t.Fatal(err)
	}
	return s.Pass(s.certificate, working, secret, false), closing
}

func (s *scene) pass() (time.Duration, error) {
	s.t.Helper()
	j, closing := s.job()
	if closing {
		return AtOnce, j.Close(s.t.Context())
	}
	return j.Advance(s.t.Context())
}

// passUntil takes steps that have to succeed, until something is so.
func (s *scene) passUntil(what string, reached func(*State) bool) {
	s.t.Helper()
	for range 50 {
		if reached(s.kept().State) {
			return
		}
		if _, err := s.pass(); err != nil {
			s.t.Fatalf("before %s: %v", what, err)
		}
	}
	s.t.Fatalf("%s never comes: %+v", what, s.kept().State.Attempt)
}

func (s *scene) passUntilPresented() {
	s.t.Helper()
	s.passUntil("an answer that is presented", func(state *State) bool { return state.Attempt != nil && state.Attempt.Visible })
	if len(s.solver.records) != 1 {
		s.t.Fatalf("there are the answers %v, want one", s.solver.records)
	}
}

func (s *scene) passUntilIssued() {
	s.t.Helper()
	s.passUntil("the certificate", func(*State) bool {
		return s.api.objects[client.ObjectKey{Namespace: "shop", Name: "tls"}] != nil
	})
}
