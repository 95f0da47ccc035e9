// SPDX-License-Identifier: Apache-2.0

package acme

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"time"

	"github.com/go-acme/lego/v4/acme"
	"github.com/go-acme/lego/v4/acme/api"
)

// OrderStatus is the progress of an order (RFC 8555, section 7.1.6).
type OrderStatus string

// The states of an order.
const (
	OrderPending    OrderStatus = acme.StatusPending    // not every name is proven
	OrderReady      OrderStatus = acme.StatusReady      // can be finalized
	OrderProcessing OrderStatus = acme.StatusProcessing // the certificate is being made
	OrderValid      OrderStatus = acme.StatusValid      // the certificate can be downloaded
	OrderInvalid    OrderStatus = acme.StatusInvalid    // nothing will come of it
)

// OrderRequest is what is ordered.
type OrderRequest struct {
	Hosts []string
	// Profile is one that the authority's directory lists, or empty.
	Profile string
	// Replaces is the [CertificateID] of the certificate that this one renews, or empty. Authorities without renewal
	// information are not told.
	Replaces string
}

// Order is an order as the authority sees it.
type Order struct {
	URL    string
	Status OrderStatus
	Hosts  []string
	// Authorizations are the URLs of the authorizations that have to be proven.
	Authorizations []string
	// Finalize is the URL at which to finalize the order. Certificate is the URL of its certificate once it is valid.
	Finalize, Certificate string
	// RetryAfter is how long to wait before looking again, 0 if the authority does not say.
	RetryAfter time.Duration
}

// NewOrder places an order. If it fails without an answer of the authority, the order may have been placed all the
// same: [Client.FindOrder] tells.
func (c *Client) NewOrder(ctx context.Context, account Account, request OrderRequest) (Order, error) {
	const step = "placing the order"
	s, err := c.accountSession(ctx, account)
	if err != nil {
		return Order{}, notPossible(step, err)
	}
	placed, err := s.Orders.NewWithOptions(request.Hosts, &api.OrderOptions{Profile: request.Profile, ReplacesCertID: request.Replaces})
	if err == nil && placed.Location == "" {
		err = errors.New("the authority names no URL")
	}
	if err != nil {
		failed := s.transport.explain(step, err)
		if s.transport.status == http.StatusCreated {
			failed.Kind = Refused // An order was placed, but is of no use. The next must not follow at once.
		}
		return Order{}, failed
	}
	return s.order(placed.Location, placed.Order), nil
}

// Order looks at an order. It returns an error if the order is invalid.
func (c *Client) Order(ctx context.Context, account Account, url string) (Order, error) {
	const step = "looking at the order"
	s, err := c.accountSession(ctx, account)
	if err != nil {
		return Order{}, notPossible(step, err)
	}
	found, err := s.Orders.Get(url)
	if err != nil {
		return Order{}, s.transport.explain(step, err)
	}
	if found.Status == acme.StatusInvalid {
		return Order{}, problemError("the order", found.Error)
	}
	return s.order(url, found.Order), nil
}

// Finalize submits the certificate request (DER) of an order that is ready.
func (c *Client) Finalize(ctx context.Context, account Account, order Order, request []byte) (Order, error) {
	const step = "finalizing the order"
	s, err := c.accountSession(ctx, account)
	if err != nil {
		return Order{}, notPossible(step, err)
	}
	finalized, err := s.Orders.UpdateForCSR(order.Finalize, request)
	if err != nil {
		return Order{}, s.transport.explain(step, err)
	}
	return s.order(order.URL, finalized.Order), nil
}

func (s *session) order(url string, o acme.Order) Order {
	return Order{URL: url, Status: OrderStatus(o.Status), Hosts: names(o.Identifiers), Authorizations: o.Authorizations, Finalize: o.Finalize,
		Certificate: o.Certificate, RetryAfter: s.transport.retryAfter()}
}

// listLimit is how many pages of an account's orders are read. Authorities list the open orders above all.
const listLimit = 100

// FindOrder looks among the account's orders for one of exactly these hosts that can still lead to a certificate, and
// for which skip returns false. ok is false if there is none, or if the authority does not list orders. Many do not:
// they return the open order of the same hosts when it is placed again.
func (c *Client) FindOrder(ctx context.Context, account Account, hosts []string, skip func(url string) bool) (found Order, ok bool, err error) {
	const step = "looking for the order"
	s, err := c.accountSession(ctx, account)
	if err != nil {
		return Order{}, false, notPossible(step, err)
	}
	known, err := s.Accounts.Get(account.URL)
	if err != nil {
		return Order{}, false, s.transport.explain(step, err)
	}
	page := known.Orders
	for range listLimit {
		if page == "" {
			break
		}
		urls, next, err := s.orders(page)
		if err != nil {
			return Order{}, false, s.transport.explain(step, err)
		}
		for _, url := range urls {
			if skip(url) {
				continue
			}
			o, err := s.Orders.Get(url)
			if err != nil {
				return Order{}, false, s.transport.explain(step, err)
			}
			if open(o.Status) && slices.Equal(sorted(hosts), sorted(names(o.Identifiers))) {
				return s.order(url, o.Order), true, nil
			}
		}
		page = next
	}
	return Order{}, false, nil
}

// orders reads a page of the list of an account's orders (RFC 8555, section 7.1.2.1).
func (s *session) orders(page string) (urls []string, next string, err error) {
	// Lego has no type for this list. Its function for certificates reads any document.
	content, _, err := s.Certificates.Get(page, true)
	if err != nil {
		return nil, "", err
	}
	next = s.transport.next()
	var list struct {
		Orders []string `json:"orders"`
	}
	if err := json.Unmarshal(content, &list); err != nil {
		return nil, "", err
	}
	return list.Orders, next, nil
}

// open returns whether an order has not been finalized yet.
func open(status string) bool { return status == acme.StatusPending || status == acme.StatusReady }

func names(identifiers []acme.Identifier) []string {
	list := make([]string, len(identifiers))
	for i, identifier := range identifiers {
		list[i] = identifier.Value
	}
	return list
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }
