// SPDX-License-Identifier: Apache-2.0

package orders

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"maps"
	"math/big"
	"slices"
	"strconv"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime/schema"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/acme"
)

// memory is an API that keeps Secrets and ConfigMaps, and refuses what is written of an older version than it has.
type memory struct {
	client.Client
	ctrl.Manager
	objects map[client.ObjectKey]client.Object
	version int
	// certificates are the TLSCertificates that are listed.
	certificates []v1alpha1.TLSCertificate
	// writes counts what was done to working Secrets.
	writes int
}

func (m *memory) GetAPIReader() client.Reader { return m }
func (m *memory) GetClient() client.Client    { return m }

func (m *memory) Get(_ context.Context, key client.ObjectKey, into client.Object, _ ...client.GetOption) error {
	switch object := m.objects[key].(type) {
	case *corev1.Secret:
		object.DeepCopyInto(into.(*corev1.Secret))
	case *corev1.ConfigMap:
		object.DeepCopyInto(into.(*corev1.ConfigMap))
	default:
		return apierrors.NewNotFound(schema.GroupResource{}, key.Name)
	}
	return nil
}

// List lists TLSCertificates, or the Secrets of the type that is selected, by default working Secrets.
func (m *memory) List(_ context.Context, into client.ObjectList, options ...client.ListOption) error {
	if certificates, ok := into.(*v1alpha1.TLSCertificateList); ok {
		certificates.Items = m.certificates
		return nil
	}
	list, ok := into.(*corev1.SecretList)
	if !ok {
		return nil
	}
	wanted := (&client.ListOptions{}).ApplyOptions(options)
	for _, object := range m.objects {
		secret, ok := object.(*corev1.Secret)
		if ok && (wanted.FieldSelector == nil && secret.Type == orderSecretType ||
			wanted.FieldSelector != nil && wanted.FieldSelector.Matches(fields.Set{"type": string(secret.Type)})) {
			list.Items = append(list.Items, *secret.DeepCopy())
		}
	}
	return nil
}

func (m *memory) Create(_ context.Context, object client.Object, _ ...client.CreateOption) error {
	return m.keep(object, "")
}

func (m *memory) Update(_ context.Context, object client.Object, _ ...client.UpdateOption) error {
	return m.keep(object, object.GetResourceVersion())
}

func (m *memory) Delete(_ context.Context, object client.Object, _ ...client.DeleteOption) error {
	if _, there := m.objects[client.ObjectKeyFromObject(object)]; !there {
		return apierrors.NewNotFound(schema.GroupResource{}, object.GetName())
	}
	if err := m.current(object, object.GetResourceVersion()); err != nil {
		return err
	}
	delete(m.objects, client.ObjectKeyFromObject(object))
	return nil
}

func (m *memory) keep(object client.Object, of string) error {
	if err := m.current(object, of); err != nil {
		return err
	}
	m.version++
	object.SetResourceVersion(strconv.Itoa(m.version))
	m.objects[client.ObjectKeyFromObject(object)] = object.DeepCopyObject().(client.Object)
	return nil
}

func (m *memory) current(object client.Object, version string) error {
	if secret, ok := object.(*corev1.Secret); ok && secret.Type == orderSecretType {
		m.writes++
	}
	known, there := m.objects[client.ObjectKeyFromObject(object)]
	if there != (version != "") || there && known.GetResourceVersion() != version {
		return apierrors.NewConflict(schema.GroupResource{}, object.GetName(), errors.New("another version is there"))
	}
	return nil
}

// agreeable is an authority that goes along with everything, unless it is told to find no answer.
type agreeable struct {
	Authority
	key     *ecdsa.PrivateKey
	request []byte
	status  acme.OrderStatus
	// orders and asked count the orders that were placed and the challenges that it was asked to look at. contacts are
	// those of the accounts that were registered.
	orders, asked int
	contacts      []string
	refuses       error
	// turnsAway is why it registers no account, nil if it does.
	turnsAway error
}

func newAgreeable(t *testing.T) *agreeable {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return &agreeable{key: key}
}

func (a *agreeable) Register(_ context.Context, _ crypto.Signer, contact string, _ *acme.ExternalAccount) (string, error) {
	if a.turnsAway != nil {
		return "", a.turnsAway
	}
	a.contacts = append(a.contacts, contact)
	return "https://acme.test/account", nil
}

func (a *agreeable) order() acme.Order {
	return acme.Order{URL: "https://acme.test/order/" + strconv.Itoa(a.orders), Status: a.status, Hosts: hosts(),
		Authorizations: []string{"https://acme.test/authorization"}}
}

func (a *agreeable) NewOrder(context.Context, acme.Account, acme.OrderRequest) (acme.Order, error) {
	a.orders++
	a.status = acme.OrderPending
	return a.order(), nil
}

func (a *agreeable) Order(context.Context, acme.Account, string) (acme.Order, error) {
	return a.order(), nil
}

func (a *agreeable) Authorization(context.Context, acme.Account, string) (acme.Authorization, error) {
	if a.status == acme.OrderReady {
		return acme.Authorization{Host: hosts()[0], Valid: true}, nil
	}
	challenges := make([]acme.Challenge, 0, 2)
	for _, kind := range []string{acme.ChallengeHTTP01, dns01} {
		// The same challenge has the same token however often somebody looks.
		token := kind + "-" + strconv.Itoa(a.orders)
		challenges = append(challenges, acme.Challenge{Type: kind, URL: "https://acme.test/challenge", Token: token, KeyAuthorization: token + ".proof"})
	}
	return acme.Authorization{Host: hosts()[0], Challenges: challenges}, nil
}

func (a *agreeable) Accept(context.Context, acme.Account, acme.Challenge) error {
	a.asked++
	if a.refuses != nil {
		return a.refuses
	}
	a.status = acme.OrderReady
	return nil
}

func (a *agreeable) Finalize(_ context.Context, _ acme.Account, _ acme.Order, request []byte) (acme.Order, error) {
	a.request, a.status = request, acme.OrderProcessing
	processing := a.order()
	a.status = acme.OrderValid
	return processing, nil
}

func (a *agreeable) Certificate(context.Context, acme.Account, acme.Order, string) ([]byte, error) {
	request, err := x509.ParseCertificateRequest(a.request)
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: today, NotAfter: today.Add(90 * day), DNSNames: request.DNSNames}
	leaf, err := x509.CreateCertificate(rand.Reader, template, template, request.PublicKey, a.key)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: leaf}), err
}

const dns01 = "dns-01"

var today = time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC) //nolint:gochecknoglobals // a constant that the language has no form for

func hosts() []string { return []string{"shop.example.com"} }

// faulty is a solver that fails where it is told to, and after it has done what it says that it has not.
type faulty struct {
	t   *testing.T
	api *memory
	// records are the answers that are there, and ever all that were, by token.
	records, ever map[string]string
	// calls are the verbs that were used, without what was repeated.
	calls                              []string
	presented, cleaned                 int
	presentFails, looksFail, tidyFails int
	missing                            []string
	again                              time.Duration
}

func newFaulty(t *testing.T, api *memory) *faulty {
	t.Helper()
	return &faulty{t: t, api: api, records: map[string]string{}, ever: map[string]string{}}
}

var errInjected = errors.New("the provider answers 500, request 4711")

func fails(times *int) error {
	if *times == 0 {
		return nil
	}
	*times--
	return errInjected
}

func (f *faulty) called(verb string) {
	if len(f.calls) == 0 || f.calls[len(f.calls)-1] != verb {
		f.calls = append(f.calls, verb)
	}
}

func (f *faulty) present(_ context.Context, a *attempt) error {
	f.called("present")
	f.presented++
	for _, p := range a.Presented {
		f.records[p.Token], f.ever[p.Token] = p.Host, p.Host
	}
	for _, object := range f.api.objects {
		secret, ok := object.(*corev1.Secret)
		if !ok || secret.Type != orderSecretType {
			continue
		}
		kept, err := decodeOrderState(secret.Data[orderStateField])
		if err != nil || kept.Attempt == nil || !slices.Equal(kept.Attempt.Presented, a.Presented) {
			f.t.Errorf("presented is %+v (%v), and kept %+v: who goes on after a crash cannot clean up", a.Presented, err, kept)
		}
	}
	return fails(&f.presentFails)
}

func (f *faulty) visible(context.Context, *attempt) ([]string, time.Duration, error) {
	f.called("visible")
	return f.missing, f.again, fails(&f.looksFail)
}

func (f *faulty) cleanUp(_ context.Context, a *attempt) error {
	f.called("cleanUp")
	f.cleaned++
	if err := fails(&f.tidyFails); err != nil {
		return err
	}
	maps.DeleteFunc(f.records, func(token, _ string) bool {
		return slices.ContainsFunc(a.Presented, func(p presented) bool { return p.Token == token })
	})
	return nil
}
