// How well predictions agree with what was published: relative errors, and agreement of orders.
#ifndef VALIDATE_STATISTICS_H
#define VALIDATE_STATISTICS_H

// (predicted / published - 1) x 100; NaN where published is 0.
double percent_error(double predicted, double published);
// Over all pairs, of absolute percentage errors; NaN if there is none, or one is NaN.
double mean_percent_error(const double *predicted, const double *published, int count);
double largest_percent_error(const double *predicted, const double *published, int count);
// The largest factor by which one is off, whichever way, less 1: the published one is within it of
// the predicted. And by which the ratio of two is. Per cent; NaN for none.
double factor_percent_error(const double *predicted, const double *published, int count);
double ratio_percent_error(const double *predicted, const double *published, int count);

// The middle one, the mean of the two in the middle of an even number; NaN for none.
double median_of(const double *value, int count);

// Correlation of ranks, equal values sharing the mean of theirs (Spearman 1904). NaN for fewer than
// two pairs, where one side is constant, or where a value is NaN. Takes time of count squared.
double spearman(const double *a, const double *b, int count);
// Pairs that stand in the same order less those that do not, corrected for ties: tau-b (Kendall
// 1945). NaN as above.
double kendall(const double *a, const double *b, int count);

#endif
