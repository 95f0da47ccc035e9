// SPDX-License-Identifier: Apache-2.0

package sources

import (
	"context"
	"net/netip"
	"reflect"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	discoveryv1 "k8s.io/api/discovery/v1"
	networkingv1 "k8s.io/api/networking/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	gatewayv1 "sigs.k8s.io/gateway-api/apis/v1"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/rules"
	"github.com/warren-dev/ingress/controllers/translate"
)

// inputSource is one part of what a snapshot is made from.
type inputSource struct {
	// kinds are the kinds of its objects.
	kinds []client.Object
	// cached is set if the manager's cache has all of them. The other sources have their own caches, which may have no
	// right to read.
	cached bool
	// relevant returns whether an update of an object can make a difference. Nil is for updates that change the
	// generation.
	relevant func(before, after client.Object) bool
	// read adds the objects to an Input.
	read func(i *Inputs, ctx context.Context, in *translate.Input) error
}

// naming are the sources that name objects of other sources, and others are those other sources. They are read in this
// order, by a controller and by the command that explains manifests. A new source is a line here.
var (
	naming = []inputSource{
		{kinds: []client.Object{&v1alpha1.Ingress{}}, cached: true, read: (*Inputs).readIngresses},
		{kinds: []client.Object{&networkingv1.Ingress{}, &networkingv1.IngressClass{}}, relevant: changesAnnotations, read: (*Inputs).readStandard},
		{kinds: []client.Object{&corev1.Namespace{}, namespaceKind()}, relevant: changesNamespace, read: (*Inputs).readAllowedHosts},
		{kinds: append(gatewayObjects(), &v1alpha1.RoutePolicy{}), read: (*Inputs).readGatewayAPI},
	}
	others = []inputSource{
		{kinds: []client.Object{&corev1.Service{}, &discoveryv1.EndpointSlice{}}, relevant: changesService, read: (*Inputs).readServices},
		{kinds: []client.Object{&v1alpha1.Task{}}, cached: true, relevant: changesTask, read: (*Inputs).readTasks},
		{kinds: []client.Object{&v1alpha1.TLSCertificate{}}, cached: true, read: (*Inputs).readTLSCertificates},
		{kinds: []client.Object{&corev1.Secret{}}, relevant: changesSecret, read: (*Inputs).readSecrets},
		{kinds: []client.Object{&corev1.Secret{}}, relevant: changesSecret, read: (*Inputs).readCredentials},
		{kinds: []client.Object{&corev1.ConfigMap{}}, relevant: changesConfigMap, read: (*Inputs).readAuthorities},
	}
)

// Uses returns whether snapshots are made from objects of this kind.
func Uses(object client.Object) bool { return sourceOf(object) != nil }

// sourceOf returns the source that reads objects of this kind, nil if there is none.
func sourceOf(object client.Object) *inputSource {
	kind := reflect.TypeOf(object)
	for _, list := range [][]inputSource{naming, others} {
		for i := range list {
			if slices.ContainsFunc(list[i].kinds, func(of client.Object) bool { return reflect.TypeOf(of) == kind }) {
				return &list[i]
			}
		}
	}
	return nil
}

// Origin is where objects come from: the caches of a cluster, or manifests.
type Origin interface {
	// Ingresses, Tasks and TLSCertificates return all objects of a kind. Here and below, an object that has not changed
	// is the same one as before, and has the same neighbours. Nobody modifies a list.
	Ingresses(ctx context.Context) ([]*v1alpha1.Ingress, error)
	Tasks(ctx context.Context) ([]*v1alpha1.Task, error)
	TLSCertificates(ctx context.Context) ([]*v1alpha1.TLSCertificate, error)
	// Standard returns the Ingresses of networking.k8s.io that are the controller's.
	Standard(ctx context.Context) (StandardObjects, error)
	// GatewayAPI returns the objects of the Gateway API.
	GatewayAPI(ctx context.Context) (GatewayObjects, error)
	// AllowedHosts returns the value of Input.AllowedHosts.
	AllowedHosts(ctx context.Context) (map[string]*string, error)
	// Services returns the Services of these names and their EndpointSlices, and may return others.
	Services(ctx context.Context, named map[types.NamespacedName]struct{}) ([]*corev1.Service, []*discoveryv1.EndpointSlice, error)
	Secrets(ctx context.Context, named map[types.NamespacedName]struct{}) ([]*translate.Secret, error)
	Authorities(ctx context.Context, named map[translate.AuthorityName]struct{}) ([]*translate.Authority, error)
	Credentials(ctx context.Context, named map[rules.CredentialName]struct{}) ([]*translate.Credential, error)
	// Own returns the addresses at which the controller takes requests, and Reserved those that no Task may be at.
	// Challenges returns the answers that the orders of these certificates have ready.
	Own() []netip.AddrPort
	Reserved() translate.Reserved
	Challenges(ctx context.Context, certificates []*v1alpha1.TLSCertificate) ([]translate.Challenge, error)
}

// Inputs makes one Input after the other from an origin.
type Inputs struct {
	from    Origin
	options translate.Options
	// warren and standard have what the Ingresses were read as.
	warren   objectVersions[*v1alpha1.Ingress, *rules.Object]
	standard objectVersions[*networkingv1.Ingress, *rules.Object]
	nginx    nginxVersions
	// names are what objects name.
	names translate.Names
	// http and grpc have what HTTPRoutes and GRPCRoutes were read as. attached is what became of them and of all else of
	// the Gateway API.
	http     objectVersions[*gatewayv1.HTTPRoute, *gatewayapi.Route]
	grpc     objectVersions[*gatewayv1.GRPCRoute, *gatewayapi.Route]
	attached *gatewayapi.Attached
	// services have what the Services of Gateways were read as.
	services objectVersions[*corev1.Service, *gatewayapi.Service]
	// listed are all Ingresses of this API, and ours are those of the class.
	listed, ours []*v1alpha1.Ingress
}

// NewInputs returns Inputs of an origin.
func NewInputs(from Origin, options translate.Options) Inputs {
	return Inputs{from: from, options: options}
}

// Naming returns an Input with the objects that name others, and with the hosts that these may have.
func (i *Inputs) Naming(ctx context.Context) (translate.Input, error) {
	in := translate.Input{Options: i.options}
	return in, i.readNaming(ctx, &in)
}

// All returns an Input with all objects.
func (i *Inputs) All(ctx context.Context) (translate.Input, error) {
	in := translate.Input{Options: i.options, Own: i.from.Own(), Reserved: i.from.Reserved()}
	in.Now = time.Now().Truncate(time.Second) // Certificates count in seconds.
	if err := i.readNaming(ctx, &in); err != nil {
		return in, err
	}
	return in, i.read(ctx, &in, others)
}

// readNaming reads the objects that name others, and what they name.
func (i *Inputs) readNaming(ctx context.Context, in *translate.Input) error {
	if err := i.read(ctx, in, naming); err != nil {
		return err
	}
	i.names.Read(in)
	in.ClientCertificates = slices.Concat(i.names.ShownCertificates(), in.ClientCertificates)
	return nil
}

func (i *Inputs) read(ctx context.Context, in *translate.Input, list []inputSource) error {
	for n := range list {
		if err := list[n].read(i, ctx, in); err != nil {
			return err
		}
	}
	return nil
}

func (i *Inputs) readIngresses(ctx context.Context, in *translate.Input) error {
	list, err := i.from.Ingresses(ctx)
	if err != nil {
		return err
	}
	if !sameList(list, i.listed) || i.ours == nil {
		i.listed, i.ours = list, make([]*v1alpha1.Ingress, 0, len(list))
		for _, object := range list {
			if kinds.Claims(object, i.options.IngressClass) {
				i.ours = append(i.ours, object)
			}
		}
	}
	in.Objects = append(in.Objects, i.warren.read(i.ours, kinds.ReadWarren)...)
	return nil
}

func (i *Inputs) readStandard(ctx context.Context, in *translate.Input) error {
	ours, err := i.from.Standard(ctx)
	in.Objects = append(in.Objects, i.standard.read(ours.Own, kinds.ReadStandard)...)
	if ours.Settings != nil {
		in.Objects = append(in.Objects, i.nginx.read(&ours)...)
	}
	return err
}

func (i *Inputs) readGatewayAPI(ctx context.Context, in *translate.Input) error {
	objects, err := i.from.GatewayAPI(ctx)
	if err != nil {
		return err
	}
	objects.Routes = append(i.http.read(objects.HTTPRoutes, gatewayapi.ReadHTTPRoute), i.grpc.read(objects.GRPCRoutes, gatewayapi.ReadGRPCRoute)...)
	objects.OwnServices = i.services.read(objects.Services, readGatewayService)
	if i.attached != nil {
		objects.Held = i.attached.Held
	}
	i.attached = gatewayapi.Attach(&objects.Input)
	in.Own = append(in.Own, i.attached.Own(in.Own)...)
	in.Objects, in.Listeners = append(in.Objects, i.attached.Objects...), i.attached.Listeners
	in.ClientCertificates = append(in.ClientCertificates, i.attached.ClientCertificates...)
	return nil
}

// sameList returns whether two lists are the same memory.
func sameList[T any](a, b []T) bool { return len(a) == len(b) && (len(a) == 0 || &a[0] == &b[0]) }

// Attached returns what became of the Gateway API's objects in the input that was made last.
func (i *Inputs) Attached() *gatewayapi.Attached { return i.attached }

func (i *Inputs) readAllowedHosts(ctx context.Context, in *translate.Input) (err error) {
	in.AllowedHosts, err = i.from.AllowedHosts(ctx)
	return err
}

func (i *Inputs) readServices(ctx context.Context, in *translate.Input) (err error) {
	in.Services, in.EndpointSlices, err = i.from.Services(ctx, i.names.Services())
	return err
}

func (i *Inputs) readTasks(ctx context.Context, in *translate.Input) (err error) {
	in.Tasks, err = i.from.Tasks(ctx)
	return err
}

func (i *Inputs) readTLSCertificates(ctx context.Context, in *translate.Input) (err error) {
	if in.TLSCertificates, err = i.from.TLSCertificates(ctx); err != nil {
		return err
	}
	in.Challenges, err = i.from.Challenges(ctx, in.TLSCertificates)
	return err
}

func (i *Inputs) readSecrets(ctx context.Context, in *translate.Input) (err error) {
	in.Secrets, err = i.from.Secrets(ctx, i.names.Secrets(in))
	return err
}

func (i *Inputs) readAuthorities(ctx context.Context, in *translate.Input) (err error) {
	in.Authorities, err = i.from.Authorities(ctx, i.names.Authorities(in))
	return err
}

func (i *Inputs) readCredentials(ctx context.Context, in *translate.Input) (err error) {
	in.Credentials, err = i.from.Credentials(ctx, i.names.Credentials(in))
	return err
}
