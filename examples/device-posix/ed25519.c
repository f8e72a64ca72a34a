/* The verifier of signed answers, from a library of the system. */
#include "cairn_ota.h"

#ifdef CAIRN_OTA_SIGNER
#ifdef MONOCYPHER
#include <monocypher-ed25519.h>

int cairn_ota_ed25519(const uint8_t sig[64], const uint8_t key[32], const void *msg, size_t len)
{
    return crypto_ed25519_check(sig, key, msg, len) == 0;
}
#else
#include <openssl/evp.h>

int cairn_ota_ed25519(const uint8_t sig[64], const uint8_t key[32], const void *msg, size_t len)
{
    EVP_PKEY *public = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, key, 32);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    int right = public != NULL && context != NULL &&
                EVP_DigestVerifyInit(context, NULL, NULL, NULL, public) == 1 &&
                EVP_DigestVerify(context, sig, 64, msg, len) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(public);
    return right;
}
#endif
#endif
