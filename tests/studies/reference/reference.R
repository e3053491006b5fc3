# The numbers that tests/studies/test_reference.py compares ours with: base R, and lme4 for the mixed model.
#
#   cd tests/studies/reference && Rscript reference.R        writes reference.csv (17 digits)
#
# One row a number: set, analysis, emotion, dimension, term, name (statistic or effect), field of the result, value.
suppressMessages(library(lme4))
options(contrasts = c("contr.sum", "contr.poly"))
emotions <- c("happiness", "sadness", "fear", "anger", "disgust", "surprise")
dimensions <- c("clarity", "naturalness", "authenticity")
rows <- list()

add <- function(.set, .analysis, .emotion, .dimension, .term, .name, ...) { # dots: n must not be taken for name
  fields <- list(...)
  for (field in names(fields))
    rows[[length(rows) + 1]] <<- list(set = .set, analysis = .analysis, emotion = .emotion, dimension = .dimension,
                                      term = .term, name = .name, field = field,
                                      value = sprintf("%.17g", as.numeric(fields[[field]])))
}
table_of <- function() as.data.frame(do.call(rbind, lapply(rows, unlist)))

# ---- data ------------------------------------------------------------------------------------------------------------

read <- function(set) {
  d <- read.csv(paste0(set, "_ratings.csv"), colClasses = c(item = "character"))
  cells <- aggregate(rating ~ participant_id + emotion + dimension + video, d, mean)
  people <- aggregate(recognition_score ~ participant_id, d, mean, na.action = na.pass)
  sessions <- read.csv(paste0(set, "_sessions.csv"))
  list(set = set, long = d, cells = cells, people = merge(people, sessions))
}

pick <- function(cells, emotion, dimension)
  cells[(emotion == "all" | cells$emotion == emotion) & (dimension == "all" | cells$dimension == dimension), ]

with_both <- function(cells) {  # A and B are pooled over the same cells
  n <- ave(cells$rating, cells$participant_id, cells$emotion, cells$dimension, FUN = length)
  cells[n == 2, ]
}

pairs_of <- function(cells, emotion, dimension) {
  m <- aggregate(rating ~ participant_id + video, pick(with_both(cells), emotion, dimension), mean)
  w <- merge(m[m$video == "A", c(1, 3)], m[m$video == "B", c(1, 3)], by = "participant_id", suffixes = c("_a", "_b"))
  w <- w[order(w$participant_id), ]
  data.frame(id = w$participant_id, a = w$rating_a, b = w$rating_b)
}

root <- function(f, low, high) uniroot(f, c(low, high), tol = 1e-14, maxiter = 10000)$root

# ---- intervals of effects --------------------------------------------------------------------------------------------

ncp_t <- function(t, df, p) suppressWarnings(root(function(x) pt(t, df, x) - p, t - 12, t + 12))

ncp_f <- function(f, df1, df2, p) {
  if (pf(f, df1, df2) <= p) return(0)
  high <- 10
  while (pf(f, df1, df2, high) > p) high <- 2 * high
  root(function(x) pf(f, df1, df2, x) - p, 0, high)
}

eta <- function(f, df1, df2, total = df1 + df2 + 1) {
  low <- ncp_f(f, df1, df2, 0.975); high <- ncp_f(f, df1, df2, 0.025)
  list(effect = f * df1 / (f * df1 + df2), effect_ci_low = low / (low + total), effect_ci_high = high / (high + total))
}

add_with <- function(where, fields, more) do.call(add, c(where, fields, more))

# ---- as paper 004 did ------------------------------------------------------------------------------------------------

as_published <- function(s) {
  for (emotion in c("all", emotions)) {
    p <- lapply(dimensions, function(dimension) pairs_of(s$cells, emotion, dimension))
    ids <- Reduce(intersect, lapply(p, function(x) x$id))
    p <- lapply(p, function(x) x[x$id %in% ids, ])
    y <- rbind(sapply(p, function(x) x$a), sapply(p, function(x) x$b))
    video <- factor(rep(c("A", "B"), each = length(ids)))
    fit <- manova(y ~ video)
    tests <- c(pillai = "Pillai", wilks = "Wilks", hotelling_lawley = "Hotelling-Lawley", roy = "Roy")
    for (name in names(tests)) {
      t <- summary(fit, test = tests[[name]])$stats["video", ]
      add(s$set, "manova_published", emotion, "all", "video", name, statistic = t[2], df1 = t[4], df2 = t[5], p = t[6],
          n = length(ids))
    }
    add_with(list(s$set, "manova_published", emotion, "all", "video", "F"), list(statistic = t[3], p = t[6]),
             eta(t[[3]], t[[4]], t[[5]]))
    for (dimension in c("all", dimensions)) {
      q <- pairs_of(s$cells, emotion, dimension)
      a <- anova(lm(c(q$a, q$b) ~ factor(rep(c("A", "B"), each = nrow(q)))))
      ci <- t.test(q$b, q$a, var.equal = TRUE)$conf.int
      add_with(list(s$set, "independent_f", emotion, dimension, "video", "F"),
               list(n = nrow(q), statistic = a$F[1], df1 = a$Df[1], df2 = a$Df[2], p = a$`Pr(>F)`[1],
                    estimate = mean(q$b) - mean(q$a), ci_low = ci[1], ci_high = ci[2]), eta(a$F[1], a$Df[1], a$Df[2]))
    }
  }
}

# ---- paired ----------------------------------------------------------------------------------------------------------

asks <- rbind(data.frame(e = "all", d = "all"), data.frame(e = emotions, d = "all"),
              data.frame(e = "all", d = dimensions), expand.grid(e = emotions, d = dimensions))

paired <- function(s) {
  for (i in seq_len(nrow(asks))) {
    e <- as.character(asks$e[i]); d <- as.character(asks$d[i])
    q <- pairs_of(s$cells, e, d); x <- q$b - q$a; n <- length(x)
    t <- t.test(q$b, q$a, paired = TRUE)
    tt <- t$statistic[[1]]; low <- ncp_t(tt, n - 1, 0.975) / sqrt(n); high <- ncp_t(tt, n - 1, 0.025) / sqrt(n)
    dz <- mean(x) / sd(x)
    add(s$set, "paired_t", e, d, "B - A", "t", n = n, statistic = tt, df1 = n - 1, p = t$p.value, estimate = mean(x),
        ci_low = t$conf.int[1], ci_high = t$conf.int[2], effect = dz, effect_ci_low = low, effect_ci_high = high)
    rms <- sqrt((var(q$a) + var(q$b)) / 2); ratio <- sd(x) / rms
    hedges <- exp(lgamma((n - 1) / 2) - lgamma((n - 2) / 2)) / sqrt((n - 1) / 2)
    for (one in list(list("d_av_rms", ratio), list("g_z", hedges), list("g_av", ratio * hedges)))
      add(s$set, "effect_sizes", e, d, "B - A", one[[1]], effect = dz * one[[2]], effect_ci_low = low * one[[2]],
          effect_ci_high = high * one[[2]])
    wilcoxon(s, e, d, x)
    tost(s, e, d, x)
  }
}

wilcoxon <- function(s, e, d, x) {
  x <- x[round(x, 10) != 0]
  moved <- round(x, 10)
  # A sum of tied ranks has no table; of up to 13 differences with ties all signs are counted, as we do.
  tied <- anyDuplicated(abs(moved)) > 0
  if (tied && length(moved) <= 13) {
    r <- rank(abs(moved)); v <- sum(r[moved > 0])
    all <- as.vector(as.matrix(expand.grid(rep(list(0:1), length(moved)))) %*% r)
    p <- min(1, 2 * min(mean(all <= v + 1e-9), mean(all >= v - 1e-9)))
  } else {
    w <- suppressWarnings(wilcox.test(moved, exact = !tied, correct = TRUE))
    v <- w$statistic[[1]]; p <- w$p.value
  }
  walsh <- outer(x, x, "+") / 2; walsh <- sort(walsh[upper.tri(walsh, diag = TRUE)])
  k <- qsignrank(0.025, length(x))
  add(s$set, "wilcoxon", e, d, "B - A", "W", statistic = v, p = p, estimate = median(walsh), ci_low = walsh[k],
      ci_high = walsh[length(walsh) + 1 - k])
}

tost <- function(s, e, d, x) {
  n <- length(x)
  low <- t.test(x, mu = -0.3, alternative = "greater"); high <- t.test(x, mu = 0.3, alternative = "less")
  worse <- if (low$p.value >= high$p.value) low else high
  ci <- t.test(x, conf.level = 0.9)$conf.int
  add(s$set, "tost", e, d, "within \u00b10.3 points", "t", statistic = worse$statistic, df1 = n - 1, p = worse$p.value,
      ci_low = ci[1], ci_high = ci[2])
  t <- t.test(x)$statistic[[1]]; shift <- 0.3 * sqrt(n)
  p <- max(pt(t, n - 1, -shift, lower.tail = FALSE), pt(t, n - 1, shift))
  add(s$set, "tost", e, d, "within \u00b10.3 d_z", "t", statistic = t, df1 = n - 1, p = p,
      effect_ci_low = ncp_t(t, n - 1, 0.95) / sqrt(n), effect_ci_high = ncp_t(t, n - 1, 0.05) / sqrt(n))
}

vectors <- function(s) {
  for (emotion in c("all", emotions)) {
    p <- lapply(dimensions, function(dimension) pairs_of(s$cells, emotion, dimension))
    ids <- Reduce(intersect, lapply(p, function(x) x$id))
    x <- sapply(p, function(q) (q$b - q$a)[q$id %in% ids]); n <- nrow(x); k <- ncol(x); m <- colMeans(x)
    t2 <- n * drop(m %*% solve(cov(x)) %*% m); f <- t2 * (n - k) / (k * (n - 1))
    add_with(list(s$set, "hotelling_t2_paired", emotion, "all", "B - A", "T2"),
             list(n = n, statistic = t2, df1 = k, df2 = n - k, p = pf(f, k, n - k, lower.tail = FALSE)),
             eta(f, k, n - k, n))
  }
}

robust <- function(s) {
  for (i in 1:10) {
    e <- as.character(asks$e[i]); d <- as.character(asks$d[i])
    q <- merge(pairs_of(s$cells, e, d), s$people, by.x = "id", by.y = "participant_id"); x <- q$b - q$a
    t <- t.test(x[q$order == "AB"], x[q$order == "BA"])
    add(s$set, "order_effect", e, d, "AB - BA", "t", statistic = t$statistic, df1 = t$parameter, p = t$p.value,
        estimate = -diff(t$estimate), ci_low = t$conf.int[1], ci_high = t$conf.int[2])
  }
  n <- nrow(pairs_of(s$cells, "all", "all"))
  families <- list(" / 6 (emotions)" = 6, " / 3 (dimensions)" = 3)
  families[["none"]] <- 1
  for (family in names(families)) for (power in c(0.8, 0.9)) {
    size <- families[[family]]
    w <- power.t.test(n = n, power = power, sd = 1, sig.level = 0.05 / size, type = "paired", strict = TRUE, tol = 1e-12)
    term <- paste0("power ", power, ", alpha 0.05", if (family == "none") "" else family)
    add(s$set, "sensitivity_power", "all", "all", term, "d_z", effect = w$delta)
  }
}

# ---- within participants ---------------------------------------------------------------------------------------------

observed <- function(s, dimension) {
  m <- aggregate(rating ~ participant_id + emotion + video, pick(with_both(s$cells), "all", dimension), mean)
  m$emotion <- factor(m$emotion, levels = emotions)
  m[order(m$participant_id, m$emotion, m$video), ]
}

within <- function(s) {
  for (dimension in c("all", dimensions)) {
    m <- observed(s, dimension)
    m$id <- factor(m$participant_id); m$video <- factor(m$video)
    tables <- summary(aov(rating ~ video * emotion + Error(id / (video * emotion)), m))
    y <- t(sapply(split(m, m$id), function(x) x$rating))  # columns: emotion, and A, B within it
    idata <- expand.grid(video = factor(c("A", "B")), emotion = factor(emotions, levels = emotions))
    fit <- lm(y ~ 1)
    asked <- list(video = list(~video, ~1), emotion = list(~video + emotion, ~video),
                  "video:emotion" = list(~video * emotion, ~video + emotion))
    for (term in names(asked)) {
      a <- tables[[paste0("Error: id:", term)]][[1]]
      f <- a$`F value`[1]; df <- a$Df
      g <- anova(fit, M = asked[[term]][[1]], X = asked[[term]][[2]], idata = idata, test = "Spherical")
      M <- model.matrix(asked[[term]][[1]], idata); X <- model.matrix(asked[[term]][[2]], idata)
      T <- stats:::Thin.row(stats:::proj.matrix(M) - stats:::proj.matrix(X))
      e <- stats:::sphericity(SSD(fit), T = T, Sigma = diag(nrow = 12))
      gg <- min(1, e$GG.eps); hf <- if (df[1] == 1) 1 else min(1, e$HF.eps)
      add_with(list(s$set, "rm_anova", "all", dimension, term, "F"),
               list(n = nrow(y), statistic = f, df1 = df[1], df2 = df[2], p = a$`Pr(>F)`[1]), eta(f, df[1], df[2]))
      add(s$set, "rm_anova", "all", dimension, term, "F_greenhouse_geisser", statistic = g$F[1], estimate = gg,
          df1 = df[1] * gg, df2 = df[2] * gg, p = g$`G-G Pr`[1])
      add(s$set, "rm_anova", "all", dimension, term, "F_huynh_feldt", statistic = g$F[1], estimate = hf,
          df1 = df[1] * hf, df2 = df[2] * hf, p = g$`H-F Pr`[1])
    }
  }
}

mixed <- function(s) {
  for (dimension in c("all", dimensions)) {
    m <- observed(s, dimension); m$coded <- ifelse(m$video == "B", 0.5, -0.5)
    tight <- lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-10, maxfun = 1e6), calc.derivs = FALSE)
    fit <- suppressMessages(lmer(rating ~ coded + emotion + (1 + coded | participant_id), m, control = tight))
    b <- fixef(fit); v <- as.matrix(vcov(fit)); se <- sqrt(diag(v)); z <- b / se; q <- qnorm(0.975)
    terms <- c("intercept", "video", paste0("emotion[", emotions[1:5], "]"))
    for (i in seq_along(terms)) {
      add(s$set, "lmm", "all", dimension, terms[i], "z", estimate = b[i], ci_low = b[i] - q * se[i],
          ci_high = b[i] + q * se[i])
      if (i > 1) add(s$set, "lmm", "all", dimension, terms[i], "z", statistic = z[i], p = 2 * pnorm(-abs(z[i])))
    }
    chi2 <- drop(b[3:7] %*% solve(v[3:7, 3:7]) %*% b[3:7])
    add(s$set, "lmm", "all", dimension, "emotion", "chi2", statistic = chi2, df1 = 5,
        p = pchisq(chi2, 5, lower.tail = FALSE))
    r <- VarCorr(fit)$participant_id
    add(s$set, "lmm", "all", dimension, "sd_intercept", "", estimate = attr(r, "stddev")[1])
    add(s$set, "lmm", "all", dimension, "sd_video", "", estimate = attr(r, "stddev")[2])
    add(s$set, "lmm", "all", dimension, "sd_residual", "", estimate = sigma(fit))
    add(s$set, "lmm", "all", dimension, "correlation", "", estimate = attr(r, "correlation")[1, 2])
  }
}

# ---- agreement -------------------------------------------------------------------------------------------------------

wide <- function(d, what) {
  w <- tapply(d$rating, list(d$participant_id, d[[what]]), mean)
  w[complete.cases(w), , drop = FALSE]
}

alphas <- function(s, what) {
  for (dimension in c("all", dimensions)) for (video in c("A", "B")) {
    d <- if (dimension == "all" || what == "emotion") pick(s$cells, "all", dimension) else
      s$long[s$long$dimension == dimension, ]
    x <- wide(d[d$video == video, ], if (dimension == "all") "dimension" else what)
    n <- nrow(x); k <- ncol(x)
    a <- k / (k - 1) * (1 - sum(apply(x, 2, var)) / var(rowSums(x)))
    add(s$set, "cronbach_alpha", "all", dimension, video, "alpha", n = n, estimate = a,
        ci_low = 1 - (1 - a) * qf(0.975, n - 1, (n - 1) * (k - 1)),
        ci_high = 1 - (1 - a) * qf(0.025, n - 1, (n - 1) * (k - 1)))
  }
}

iccs <- function(s) {
  for (dimension in c("all", dimensions)) {
    m <- observed(s, dimension); m$target <- paste(m$emotion, m$video)
    x <- t(wide(m, "target"))
    n <- nrow(x); k <- ncol(x)
    a <- anova(lm(as.vector(x) ~ factor(rep(1:n, k)) + factor(rep(1:k, each = n))))
    R <- a$`Mean Sq`[1]; C <- a$`Mean Sq`[2]; E <- a$`Mean Sq`[3]; d1 <- n - 1; d2 <- (n - 1) * (k - 1)
    i21 <- (R - E) / (R + (k - 1) * E + k * (C - E) / n)
    # Shrout & Fleiss 1979, p. 424
    fj <- C / E
    v <- (k - 1) * (n - 1) * (k * i21 * fj + n * (1 + (k - 1) * i21) - k * i21)^2 /
      ((n - 1) * k^2 * i21^2 * fj^2 + (n * (1 + (k - 1) * i21) - k * i21)^2)
    fu <- qf(0.975, d1, v); fl <- qf(0.975, v, d1)
    l21 <- n * (R - fu * E) / (fu * (k * C + (k * n - k - n) * E) + n * R)
    u21 <- n * (fl * R - E) / (k * C + (k * n - k - n) * E + n * fl * R)
    f <- R / E; low <- f / qf(0.975, d1, d2); high <- f * qf(0.975, d2, d1)
    forms <- list("ICC(2,1)" = c(i21, l21, u21),
                  "ICC(2,k)" = c((R - E) / (R + (C - E) / n), k * l21 / (1 + l21 * (k - 1)), k * u21 / (1 + u21 * (k - 1))),
                  "ICC(3,1)" = c((R - E) / (R + (k - 1) * E), (low - 1) / (low + k - 1), (high - 1) / (high + k - 1)),
                  "ICC(3,k)" = c((R - E) / R, 1 - 1 / low, 1 - 1 / high))
    for (form in names(forms))
      add(s$set, "icc", "all", dimension, form, "F", n = k, statistic = f, df1 = d1, df2 = d2, p = a$`Pr(>F)`[1],
          effect = forms[[form]][1], effect_ci_low = forms[[form]][2], effect_ci_high = forms[[form]][3])
  }
}

# ---- regression ------------------------------------------------------------------------------------------------------

line <- function(s) {
  b <- aggregate(rating ~ participant_id, s$cells[s$cells$video == "B", ], mean)
  d <- merge(b, s$people); d <- d[!is.na(d$recognition_score), ]; d <- d[order(d$participant_id), ]
  fit <- lm(rating ~ recognition_score, d); f <- summary(fit); ci <- confint(fit); n <- nrow(d); e <- resid(fit)
  terms <- c("intercept", "recognition_score")
  for (i in 1:2)
    add(s$set, "regression", "all", "all", terms[i], "t", n = n, estimate = coef(fit)[i], ci_low = ci[i, 1],
        ci_high = ci[i, 2], statistic = f$coefficients[i, 3], df1 = n - 2, p = f$coefficients[i, 4])
  F <- f$fstatistic
  add_with(list(s$set, "regression", "all", "all", "model", "F"),
           list(statistic = F[1], df1 = F[2], df2 = F[3], p = pf(F[1], F[2], F[3], lower.tail = FALSE)),
           eta(F[[1]], F[[2]], F[[3]]))
  add(s$set, "regression", "all", "all", "model", "adjusted_r_squared", statistic = f$adj.r.squared)
  w <- shapiro.test(e)
  add(s$set, "regression", "all", "all", "residuals", "shapiro_wilk", statistic = w$statistic, p = w$p.value)
  bp <- n * summary(lm(I(e^2) ~ d$recognition_score))$r.squared
  add(s$set, "regression", "all", "all", "residuals", "breusch_pagan", statistic = bp, df1 = 1,
      p = pchisq(bp, 1, lower.tail = FALSE))
  add(s$set, "regression", "all", "all", "residuals", "durbin_watson", statistic = sum(diff(e)^2) / sum(e^2))
  cook <- cooks.distance(fit)
  add(s$set, "regression", "all", "all", "influence", "cook_d_max", statistic = max(cook))
  add(s$set, "regression", "all", "all", "influence", "cook_d_above_4_over_n", statistic = sum(cook > 4 / n))
}

# ---- corrections -----------------------------------------------------------------------------------------------------

corrections <- function() {
  done <- table_of()
  for (analysis in c("independent_f", "paired_t")) for (set in unique(done$set)) {
    p <- done[done$analysis == analysis & done$set == set & done$field == "p", ]
    kind <- paste(p$emotion == "all", p$dimension == "all")
    for (family in setdiff(unique(kind), "TRUE TRUE")) {
      m <- p[kind == family, ]; raw <- as.numeric(m$value)
      for (i in seq_len(nrow(m)))
        add(set, analysis, m$emotion[i], m$dimension[i], m$term[i], m$name[i],
            p_bonferroni = p.adjust(raw, "bonferroni")[i], p_holm = p.adjust(raw, "holm")[i],
            p_fdr = p.adjust(raw, "BH")[i])
    }
  }
}

balanced <- read("balanced"); gaps <- read("gaps")
for (s in list(balanced, gaps)) {
  as_published(s); paired(s); vectors(s); robust(s); mixed(s); line(s)
}
within(balanced); iccs(balanced); alphas(balanced, "emotion"); alphas(gaps, "item")
corrections()
write.csv(table_of(), "reference.csv", row.names = FALSE, quote = 1:7, fileEncoding = "UTF-8")
