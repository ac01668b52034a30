namespace GmailCluster.Models.Diffusion.Schedulers;

/// <summary>How inference steps are laid over training steps (Lin et al., arXiv 2305.08891, table 2).</summary>
internal enum TimestepSpacing
{
    /// <summary>From first to last, both included.</summary>
    Linspace,

    /// <summary>Multiples of a whole stride, counted from the first.</summary>
    Leading,

    /// <summary>Multiples of a stride, counted from the last.</summary>
    Trailing,
}
