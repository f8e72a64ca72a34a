package roots

import (
	"crypto/x509"
	"slices"
)

// Issuer is a certificate authority and the roots that it issues from.
type Issuer struct {
	Name   string // as --also takes it
	Title  string
	Source string   // the page on which it publishes its roots
	Roots  []string // its own: common names, or units where a root has no name of its own
	Others []string // roots of others that have signed these, for clients that do not know them
}

// Issuers are those that CDNs take certificates from, by name. Each list is held
// against the roots in Debian's ca-certificates; those of Amazon, Google and
// Let's Encrypt also against the page of the issuer. Compare the others with the
// page named before you rely on them alone.
func Issuers() []Issuer {
	return []Issuer{
		{"amazon", "Amazon Trust Services", "https://www.amazontrust.com/repository/", []string{
			"Amazon Root CA 1", "Amazon Root CA 2", "Amazon Root CA 3", "Amazon Root CA 4",
			"Starfield Services Root Certificate Authority - G2",
		}, nil},
		{"certainly", "Certainly", "https://www.certainly.com/repository/", []string{
			"Certainly Root E1", "Certainly Root R1",
		}, []string{"Starfield Root Certificate Authority - G2"}},
		{"digicert", "DigiCert", "https://www.digicert.com/kb/digicert-root-certificates.htm", []string{
			"DigiCert Global Root G2", "DigiCert Global Root G3", "DigiCert TLS ECC P384 Root G5", "DigiCert TLS RSA4096 Root G5",
			"DigiCert Global Root CA", "DigiCert High Assurance EV Root CA", "DigiCert Trusted Root G4",
			"DigiCert Assured ID Root CA", "DigiCert Assured ID Root G2", "DigiCert Assured ID Root G3",
		}, nil},
		{"globalsign", "GlobalSign", "https://support.globalsign.com/ca-certificates/root-certificates/globalsign-root-certificates", []string{
			"GlobalSign Root R46", "GlobalSign Root E46", "GlobalSign Root CA - R6", "GlobalSign Root CA - R3", "GlobalSign ECC Root CA - R5", "GlobalSign Root CA",
		}, nil},
		{"godaddy", "GoDaddy", "https://certs.godaddy.com/repository", []string{
			"Go Daddy Root Certificate Authority - G2", "Go Daddy Class 2 Certification Authority",
			"Starfield Root Certificate Authority - G2", "Starfield Class 2 Certification Authority",
		}, nil},
		{"google", "Google Trust Services", "https://pki.goog/repository/", []string{
			"GTS Root R1", "GTS Root R2", "GTS Root R3", "GTS Root R4", "GlobalSign ECC Root CA - R4",
		}, []string{"GlobalSign Root CA"}},
		{"letsencrypt", "Let's Encrypt", "https://letsencrypt.org/certificates/", []string{
			"ISRG Root X1", "ISRG Root X2", "Root YE", "Root YR",
		}, nil},
		{"microsoft", "Microsoft", "https://www.microsoft.com/pkiops/docs/repository.htm", []string{
			"Microsoft RSA Root Certificate Authority 2017", "Microsoft ECC Root Certificate Authority 2017",
		}, []string{"DigiCert Global Root G2", "DigiCert Global Root G3"}},
		{"sectigo", "Sectigo", "https://www.sectigo.com/knowledge-base/detail/Sectigo-Public-Root-CAs", []string{
			"Sectigo Public Server Authentication Root R46", "Sectigo Public Server Authentication Root E46",
			"USERTrust RSA Certification Authority", "USERTrust ECC Certification Authority",
			"COMODO RSA Certification Authority", "COMODO ECC Certification Authority", "AAA Certificate Services",
		}, nil},
		{"ssl.com", "SSL.com", "https://www.ssl.com/repository/", []string{
			"SSL.com TLS RSA Root CA 2022", "SSL.com TLS ECC Root CA 2022", "SSL.com Root Certification Authority RSA", "SSL.com Root Certification Authority ECC",
		}, nil},
	}
}

// rootName is what a root is called in the lists: by its common name, or by its
// unit where several have that name.
func rootName(c *x509.Certificate) string {
	name := c.Subject.CommonName
	if units := c.Subject.OrganizationalUnit; len(units) > 0 && (name == "" || name == "GlobalSign") {
		return units[0]
	}
	return name
}

// issuerOf is the one that issues from a root of its own; nil for one of no list.
func issuerOf(c *x509.Certificate) *Issuer {
	for _, i := range Issuers() {
		if slices.Contains(i.Roots, rootName(c)) {
			return &i
		}
	}
	return nil
}
