// SPDX-License-Identifier: Apache-2.0

package standalone

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-logr/logr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/warren-dev/ingress/api/v1alpha1"
	"github.com/warren-dev/ingress/controllers/gatewayapi"
	"github.com/warren-dev/ingress/controllers/hosts"
	"github.com/warren-dev/ingress/controllers/kinds"
	"github.com/warren-dev/ingress/controllers/manifests"
	"github.com/warren-dev/ingress/controllers/nginx"
	"github.com/warren-dev/ingress/controllers/snapshots"
	"github.com/warren-dev/ingress/controllers/sources"
	"github.com/warren-dev/ingress/controllers/tasks"
	"github.com/warren-dev/ingress/controllers/translate"
)

const (
	// quietTime is how long no file may change before all are read. Whoever writes into a file in place, as cp does, has
	// half of it there for a moment.
	quietTime = 100 * time.Millisecond
	// waitLimit is the longest time that a change waits for that.
	waitLimit = time.Second
)

// Config says what is served, and who learns of it.
type Config struct {
	// Files are the files and folders that hold the objects.
	Files []string
	// Applier is the data plane, and Health what its health checks find.
	Applier snapshots.Applier
	Health  tasks.HealthSource
	Options translate.Options
	// Nginx says which Ingresses are served as ingress-nginx served them.
	Nginx nginx.Options
	// Gateways says what there is for Gateways. Listening says which of their addresses the data plane could not open.
	Gateways  gatewayapi.Options
	Listening Listening
	// Listeners are the addresses at which the data plane takes requests, and Machine those of this machine.
	Listeners []netip.AddrPort
	Machine   []netip.Addr
	// Hosts and Bystanders are told whose each host is, and which Ingresses are not the controller's.
	Hosts      *hosts.Hosts
	Bystanders *sources.Bystanders
	// Conditions is where the conditions of objects are printed, a line for each.
	Conditions io.Writer
	Logger     logr.Logger
}

// Listening is a data plane that opens the addresses of listeners.
type Listening interface {
	// ListenFaults returns the addresses that could not be opened, and why.
	ListenFaults() map[netip.AddrPort]string
	// ObserveListeners calls f with each address whose fault changes, until stop.
	ObserveListeners(f func(at netip.AddrPort)) (stop func())
}

// Server has a data plane serve what is in files.
type Server struct {
	Config
	follower   *manifests.Follower
	objects    objects
	origin     sources.Manifests
	controller *snapshots.Controller
	pending    *snapshots.HoldOff
	// naming reads the Ingresses once more, for whose each host is.
	naming sources.Inputs
	// trouble is what was last found wrong with the files, empty for nothing.
	trouble atomic.Pointer[string]
	skipped []string

	// news has a value once health checks or listeners have found something that was not printed yet.
	news chan struct{}
	// printing guards what follows, and the order in which things are printed.
	printing sync.Mutex
	printer  printer
	// built are the objects of the latest build.
	built []client.Object
}

// New reads the files, and serves nothing yet. It returns an error if a file is broken: nobody knows what was meant to
// be served, and a part of it might let in whom the rest keeps out.
func New(config Config) (*Server, error) {
	s := &Server{Config: config, pending: snapshots.NewHoldOffOf(quietTime, waitLimit), news: make(chan struct{}, 1)}
	s.trouble.Store(new(string))
	s.printer.out = config.Conditions
	follower, err := manifests.NewFollower(config.Files, manifests.Options{Uses: sources.Uses}, config.Logger)
	if err != nil {
		return nil, err
	}
	s.follower = follower
	read, err := follower.Read()
	if err == nil {
		err = faults(read)
	}
	if err != nil {
		return nil, errors.Join(err, follower.Close())
	}
	s.origin = sources.Manifests{Class: config.Options.IngressClass, Nginx: config.Nginx, Gateways: config.Gateways, Listeners: config.Listeners,
		NoTaskAt: translate.Reserved{Controller: config.Machine}}
	s.naming = sources.NewInputs(&s.origin, config.Options)
	s.controller = snapshots.New(snapshots.Config{Applier: config.Applier, Options: config.Options, Pending: s.pending,
		Origin: &s.origin, Built: s.reportBuild})
	s.take(read)
	return s, nil
}

// faults returns what is wrong with the files, an error for each document.
func faults(read *manifests.Set) error {
	all := make([]error, len(read.Faults))
	for i := range read.Faults {
		all[i] = &read.Faults[i]
	}
	return errors.Join(all...)
}

// Run serves, and follows the files, until ctx ends.
func (s *Server) Run(ctx context.Context) error {
	var following sync.WaitGroup
	defer following.Wait()
	following.Go(func() { s.follower.Run(ctx, s.pending.Event) })
	following.Go(func() { s.reportNews(ctx) })
	tell := func() {
		select {
		case s.news <- struct{}{}:
		default:
		}
	}
	defer s.Health.HealthChanges(func(string) { tell() })()
	defer s.Listening.ObserveListeners(func(netip.AddrPort) { tell() })()
	s.controller.Run(logr.NewContext(ctx, s.Logger), s.refresh)
	return s.follower.Close()
}

// refresh reads the files, and keeps what was there of those that cannot be read.
func (s *Server) refresh(context.Context) {
	read, err := s.follower.Read()
	if err != nil {
		s.note(err)
		return
	}
	s.note(faults(read))
	s.take(read)
}

// note logs what is wrong with the files when that changes.
func (s *Server) note(wrong error) {
	text := ""
	if wrong != nil {
		text = wrong.Error()
	}
	switch before := *s.trouble.Swap(&text); text {
	case before:
	case "":
		s.Logger.Info("all files can be read again")
	default:
		for line := range strings.Lines(text) {
			s.Logger.Info("a file is broken: what cannot be read stays as it was, and nothing is taken away", "cause", strings.TrimSpace(line))
		}
	}
}

// Trouble returns what is wrong with the files, empty for nothing.
func (s *Server) Trouble() string { return *s.trouble.Load() }

// take has what was read be what is served next.
func (s *Server) take(read *manifests.Set) {
	s.objects.update(read)
	s.origin.Objects = s.objects.list
	if !slices.Equal(s.skipped, read.Skipped) {
		s.skipped = read.Skipped
		s.Logger.Info("nothing is made of objects of these kinds", "kinds", s.skipped)
	}
	s.Bystanders.Set(sources.LeftOut(s.objects.list, s.Options.IngressClass, s.Nginx))
	if in, err := s.naming.Naming(context.Background()); err == nil { // nothing of it can fail
		s.Hosts.Derive(&in)
	}
}

// reportBuild prints what is new to say of the objects after a build.
func (s *Server) reportBuild() {
	s.printing.Lock()
	defer s.printing.Unlock()
	s.built = s.objects.list
	s.report(true)
}

// reportNews prints what health checks and listeners find, until ctx ends. The data plane does not wait for that.
func (s *Server) reportNews(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.news:
		}
		s.printing.Lock()
		s.report(false)
		s.printing.Unlock()
		select { // Those that change at the same time are printed at once.
		case <-ctx.Done():
			return
		case <-time.After(quietTime):
		}
	}
}

// report prints what is new to say of the objects of the latest build. settled says that no build is under way: during
// one, the verdicts may be those of the next objects. The caller holds printing.
func (s *Server) report(settled bool) {
	var names []string
	lines := make(map[string][]string)
	add := func(name string, said []string) {
		names = append(names, name)
		lines[name] = said
	}
	for _, object := range s.built {
		name, said := s.said(object)
		switch {
		case said != nil:
			add(name, said)
		case !settled && s.printer.said[name] != nil:
			add(name, s.printer.said[name])
		}
	}
	for _, left := range sources.LeftOut(s.built, s.Options.IngressClass, s.Nginx) {
		if left.Reason != sources.Canary { // That is refused as a whole, which its conditions say.
			add(bystanderName(&left), []string{left.Reason + ": " + left.Text()})
		}
	}
	s.printer.print(names, lines)
}

// said returns what to print of an object, nil if there is nothing to say of it yet, or ever.
func (s *Server) said(object client.Object) (name string, lines []string) {
	if kind := kindOf(object); kind != "" {
		name = kind + " " + client.ObjectKeyFromObject(object).String()
		if verdict := s.controller.Verdict(kind, object); verdict != nil {
			lines = linesOf(conditions(object, verdict, s.Health), verdict.Unheeded)
		}
		return name, lines
	}
	kind := sources.GatewayKindOf(object)
	if kind == "" {
		return "", nil
	}
	name = kind + " " + strings.TrimPrefix(client.ObjectKeyFromObject(object).String(), "/")
	if verdict := s.controller.GatewayVerdict(kind, object); verdict != nil {
		lines = gatewayLines(verdict.Parts(s.closed))
	}
	return name, lines
}

// closed says which of some addresses the data plane could not open, and why. It is empty if all are open.
func (s *Server) closed(served []netip.AddrPort) string {
	var texts []string
	faults := s.Listening.ListenFaults()
	for _, at := range served {
		if fault := faults[at]; fault != "" {
			texts = append(texts, fmt.Sprintf("port %d (%s)", at.Port(), fault))
		}
	}
	return strings.Join(texts, ", ")
}

// bystanderName names an Ingress as conditions do.
func bystanderName(left *sources.Bystander) string {
	name := left.Namespace + "/" + left.Name
	if left.ID == name {
		return v1alpha1.IngressKind + " " + name
	}
	return kinds.StandardKind + " " + name
}
