namespace Microsoft.ML.Vlm.Dpo;

/// <summary>The divergence between policy and reference that the loss penalizes (<c>f_divergence_type</c>; Wang et al. 2024).</summary>
public enum FDivergence
{
    /// <summary>Reverse Kullback-Leibler: the score is the log-ratio (<c>reverse_kl</c>). The default.</summary>
    ReverseKl,

    /// <summary>Forward Kullback-Leibler (<c>forward_kl</c>).</summary>
    ForwardKl,

    /// <summary>Jensen-Shannon (<c>js_divergence</c>).</summary>
    JensenShannon,

    /// <summary>Alpha divergence (<c>alpha_divergence</c>).</summary>
    Alpha,
}
