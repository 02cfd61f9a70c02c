/* Token vectors of the packaged embedding model: its own file, and one function more. See late.py. */
#include "e5.c"

/* Write the last hidden state of each token of `text` but the two marks around it, at most `most` rows of
 * e5_dim() floats, into `out`; their number. */
int late_tokens(void *model, const char *text, int most, float *out) {
    e5_model *m = model;
    if (most > m->MAXP - 2) most = m->MAXP - 2;
    int *ids = malloc(sizeof(int) * (size_t)(most + 2));
    int count = tok_content(&m->tok, text, ids + 1, most);
    int length = count + 2, offsets[2] = {0, length};
    ids[0] = m->tok.bos;
    ids[length - 1] = m->tok.eos;
    int *at = malloc(sizeof(int) * 3 * (size_t)length);
    for (int i = 0; i < length; i++) { at[i] = i; at[length + i] = 0; at[2 * length + i] = length; }
    float *hidden = malloc(sizeof(float) * (size_t)length * m->H);
    forward_batch(m, ids, at, at + length, at + 2 * length, offsets, 1, length, NULL, hidden);
    memcpy(out, hidden + m->H, sizeof(float) * (size_t)count * m->H);
    free(hidden); free(at); free(ids);
    return count;
}
